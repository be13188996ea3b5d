"""People who sign in elsewhere: OpenID Connect, or Clerk, says who somebody is; we say what they may.

Rule: nothing that an issuer says counts before its signature, issuer, audience and time were proven. An
e-mail address that it does not call verified opens no account, and is not kept. An identity - issuer and
subject - belongs to one account.
"""

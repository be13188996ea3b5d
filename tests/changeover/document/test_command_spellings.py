"""The many spellings of one deed: a tool behind another, a database's file written, a secret shown."""

import re

import pytest

from changeover.runbook.convert import adopt
from changeover.shell import credentials
from changeover.shell.database_commands import CommandKind, read_database_commands
from changeover.shell.file_commands import (
    databases_written,
    file_uses,
    holds_database,
    is_database_file,
)
from changeover.shell.script import commands_of
from changeover.shell.volumes import volume_taken


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("flyctl ssh console -C '", "'"),
        ('fly ssh console -a shop --command "', '"'),
        ("fly ssh console -a shop --pty=false --command='", "'"),
        ("flyctl machine exec 148e21 '", "' -a shop"),
        ("ssh -i key -p 22 app@host '", "'"),
        ("ssh app@host -- '", "'"),
        ("ssh app@host \"sudo -u app sh -c '", "'\""),
        ("kubectl exec -it -n prod web-0 -c app -- ", ""),
        ("kubectl --namespace prod exec deploy/web --container app -- sh -c '", "'"),
        ("kubectl exec web-0 -- bash -lc '", "'"),
        ("docker exec -it -u app web ", ""),
        ("docker exec --user app -e A=1 web sh -c '", "'"),
        ("sudo docker compose -f prod.yml exec -T web ", ""),
        ("docker compose run --rm web ", ""),
        ("podman exec web ", ""),
        ("heroku run -a shop -- ", ""),
        ("heroku run '", "' -a shop"),
        ("dokku run shop ", ""),
        ("gcloud compute ssh vm --zone a --command='", "'"),
        ("vagrant ssh -c '", "'"),
        ("su - app -c '", "'"),
        ("sudo -iu app ", ""),
        ("sudo -uapp ", ""),
        ("sudo --user app --login ", ""),
        ("sudo -- ", ""),
        ("bash -euo pipefail -c '", "'"),
        ("flock -w 5 /tmp/lock ", ""),
        ("systemd-run --uid app --pipe ", ""),
        ("poetry run ", ""),
        ("nix-shell -p sqlite --run '", "'"),
        ("busybox timeout 30 ", ""),
        ("sshpass -p x ssh app@host '", "'"),
        ("nsenter -t 1 -m ", ""),
        ("watch -n 5 ", ""),
        ("eval '", "'"),
        ("trap '", "' EXIT"),
        ("screen -dmS migration ", ""),
        ("tmux new-session -d -s m '", "'"),
        ("machinectl shell web ", ""),
        ("function look { ", "; }"),
        ("ssh app@host <<'E'\n", "\nE"),
        ("ssh app@host 'bash -s' <<E\n", "\nE"),
        ("sudo -u app bash <<'E'\n", "\nE"),
    ],
)
def test_a_tool_is_found_behind_whatever_carries_it(before: str, after: str) -> None:
    (command,) = commands_of(f"{before}sqlite3 -bail /data/shop.db .schema{after}")
    (asked,) = read_database_commands(command)
    assert (asked.database, asked.kind, asked.value.text) == ("/data/shop.db", CommandKind.LOOK, ".schema")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("xargs -a pin.sql -d '\\n' -n1 sqlite3 /data/shop.db", CommandKind.OTHER),
        ("cat ids | sudo xargs -I{} sqlite3 /data/shop.db 'DELETE FROM t WHERE id = {}'", CommandKind.OTHER),
        ("find sql -name '*.sql' -exec sqlite3 /data/shop.db '.read {}' \\;", CommandKind.OTHER),
        ("ls *.sql | parallel -j1 sh -c 'sqlite3 /data/shop.db < {}'", CommandKind.OTHER),
        ("find . -name '*.db' -exec sqlite3 {} 'PRAGMA integrity_check' \\;", CommandKind.LOOK),
    ],
)
def test_what_a_feeder_tells_a_database_is_not_read(line: str, kind: CommandKind) -> None:
    (command,) = commands_of(line)
    assert [asked.kind for asked in read_database_commands(command)] == [kind]


CHANGES = r"""
result=$(sqlite3 shop.db "DELETE FROM t; SELECT changes()")
export N="$(sqlite3 shop.db 'DELETE FROM t')"
echo `sqlite3 shop.db 'DELETE FROM t'`
[ "$(sqlite3 shop.db 'DELETE FROM t; SELECT 1')" = 1 ] && echo gone
python -m sqlite3 shop.db 'DELETE FROM t'
python3 -m sqlite_utils query shop.db 'DELETE FROM t'
sqlite-utils query shop.db 'DELETE FROM t'
npx wrangler d1 execute shop --command 'DELETE FROM t'
wrangler d1 execute shop --remote --file=m.sql
npx prisma db execute --file m.sql
litecli shop.db -e 'DELETE FROM t'
usql sqlite3://shop.db -f m.sql
""".strip().split("\n")


@pytest.mark.parametrize("line", CHANGES)
def test_what_changes_a_database_in_other_ways_is_seen(line: str) -> None:
    found = [asked for command in commands_of(line) for asked in read_database_commands(command)]
    assert [asked.kind for asked in found] == [CommandKind.OTHER]


@pytest.mark.parametrize(
    "line",
    [
        "N=$(sqlite3 shop.db 'SELECT count(*) FROM t')",
        'echo "before: $(sqlite3 shop.db .tables) at $(date)"',
        "sqlite-utils query shop.db 'SELECT 1 AS one'",
        "echo '$(sqlite3 shop.db \"DELETE FROM t\")'",
        "echo $((1 + (2)))",
    ],
)
def test_what_only_asks_a_database_in_other_ways_stays_a_command(line: str) -> None:
    assert [asked for command in commands_of(line) for asked in read_database_commands(command)] == []


@pytest.mark.parametrize(
    "line",
    [
        '"${TURSO:-turso}" db shell prod < m.sql', "$TURSO db shell prod < m.sql", "sqlite3.exe prod < m.sql",
        "turso --config-path c db shell prod < m.sql", "turso db shell --proxy http://p prod < m.sql",
        "${SQLITE3} prod < m.sql",
    ],
)  # fmt: skip
def test_a_tool_behind_a_variable_or_its_own_options_is_known(line: str) -> None:
    (asked,) = read_database_commands(commands_of(line)[0])
    assert (asked.database, asked.kind, asked.value.text) == ("prod", CommandKind.FILE, "m.sql")


@pytest.mark.parametrize(
    "command", ["fly deploy -a shop", "ssh app@host", "kubectl get pods", "bash migrate.sh"]
)
def test_what_carries_nothing_speaks_to_no_database(command: str) -> None:
    assert read_database_commands(commands_of(command)[0]) == []


WRITES = """
cp backup.db shop.db
\\cp -f backup/shop.db /srv/shop/
/bin/cp -t /srv/shop backup/shop.db
cp shop.db{.bak,}
mv backup.db shop.db
mv shop.db old.db
install -m 600 backup.db shop.db
ln -sf backup.db shop.db
rsync -a host:/backup/shop.db ./
rsync --remove-source-files shop.db host:/b/
dd if=backup of=shop.db bs=1M
cat backup > shop.db
cat backup | sudo tee shop.db
pv backup | sponge shop.db
: > shop.db
truncate -s 0 shop.db
rm -f shop.db-wal shop.db-shm
shred shop.db
find . -name 'shop.db-wal' -delete
find /backups -name shop.bak -exec cp {} /data/shop.db \\;
ls backups | tail -1 | xargs -I{} cp {} /data/shop.db
tar xzf backup.tgz shop.db
tar -xf shop.db.tar.gz
unzip -o backup.zip shop.db
gunzip -k shop.db.gz
gzip -d shop.db.gz
gzip shop.db
zstd -d shop.db.zst
zcat shop.db.gz > shop.db
litestream restore -o shop.db s3://b/shop
curl -fsS -o shop.db https://h/backup
wget -O shop.db https://h/backup
aws s3 cp s3://bucket/backup.db shop.db --quiet
rclone copyto r:b/backup shop.db
docker cp backup.db web:/data/shop.db
kubectl cp backup.db web-0:/data/shop.db
ssh app@host 'cp backup.db shop.db'
flyctl ssh console -C 'sh -c "mv /data/b.db /data/shop.db"'
python3 -c "import shutil; shutil.copy('backup.db', 'shop.db')"
python3 -c "from pathlib import Path; Path('shop.db').write_bytes(open('b','rb').read())"
python -c 'import os; os.replace("backup.db", "shop.db")'
perl -MFile::Copy -e 'copy("backup.db", "shop.db")'
ruby -rfileutils -e 'FileUtils.cp "backup.db", "shop.db"'
node -e "require('fs').copyFileSync('backup.db', 'shop.db')"
git checkout HEAD~1 -- shop.db
git restore shop.db
restic restore latest --target . --include shop.db
borg extract repo::night shop.db
cpio -id shop.db < backup.cpio
sed -i s/a/b/ shop.db
sqlite-utils drop-table shop.db orders
php -r 'file_put_contents("shop.db", $x);'
perl -pi -e s/a/b/ shop.db
rsync -a /backup/ ./
rsync -avz host:/backup/ /srv/shop
cp -a /backup/* .
cp -r backups/2026-01-01/. data/
cp /backup/shop.db /srv/shop
mv backup/* .
tar xzf backup.tgz
tar -C /srv/shop -xf shop-backup.tar
unzip -o backup.zip -d /srv/shop
restic restore latest --target /
borg extract repo::night
aws s3 sync s3://b/backup/ .
rclone sync remote:backup /srv/shop
scp -r host:/backup/ .
sftp host:/backup/shop.db .
docker cp backup/. web:/data/
aws s3 mv shop.db s3://b/
litestream restore -config x shop.db
wget https://h/shop.db
curl -fsSLO https://h/shop.db
curl https://h/b --output=shop.db
gpg --output shop.db --decrypt b.gpg
openssl enc -d -in b.enc -out shop.db
rm shop.db*
rm -f ./*
rm -rf x$(rm shop.db)
echo "cp backup.db shop.db" | bash
printf 'set -e\\nrm shop.db\\n' | ssh app@host bash -s
rm -rf "$PWD"
git checkout .
git restore --source=HEAD~1 --staged --worktree .
git clean -fdx
git stash -u
find . -type f -delete
find . -mtime +3 -exec rm {} +
find . -name '*.db' -print0 | xargs -0 rm -f
echo shop.db | xargs rm
ls *.db | xargs -I{} cp backup/{} {}
echo "put backup.db shop.db" | sftp host
lftp -e 'get b/shop.db; bye' host
rsync -a --delete src/ ./
sort -o shop.db backup
zip -m old.zip shop.db
7z a -sdel old.7z shop.db
tar czf old.tgz --remove-files shop.db
""".strip().split("\n")


@pytest.mark.parametrize("line", WRITES)
def test_whatever_writes_a_database_file_is_seen(line: str) -> None:
    uses = [use for command in commands_of(line) for use in file_uses(command)]
    removed = [n for use in uses for n in use.removed]
    taken = [n for n in removed if is_database_file(n, ["shop.db"]) or holds_database(n, ["shop.db"])]
    assert taken or [n for use in uses for n in databases_written(use, ["shop.db"])]
    plan = adopt(f"# M\n\n## Steps\n\n```bash\nsqlite3 shop.db 'DELETE FROM t'\n{line}\n```\n")
    assert any("is left out" in str(one) for one in plan.inferred)


def test_a_program_that_writes_sql_of_its_own_is_asked_about() -> None:
    code = "import sqlite3\nc = sqlite3.connect('shop.db')\nc.execute('UPDATE t SET a = 1')\nc.commit()"
    for script in (
        f'python3 -c "{code}"',
        f"python3 - <<'E'\n{code}\nE",
        f'docker exec web python3 -c "{code}"',
    ):
        (command,) = commands_of(script)
        assert [one.kind for one in read_database_commands(command)] == [CommandKind.OTHER]
    looks = "python3 -c \"import sqlite3; print(sqlite3.connect('shop.db').execute('SELECT 1').fetchall())\""
    assert read_database_commands(commands_of(looks)[0]) == []


@pytest.mark.parametrize(
    "line",
    [
        "tar czf logs.tgz logs/", "gzip dump.sql", "cp a.txt b.txt", "rm -rf build", "python3 -c 'print(1)'",
        "curl -o page.html https://h/", "find . -name '*.pyc' -delete", "aws s3 cp s3://b/app.js app.js",
        "docker cp web:/etc/app.conf .", "git checkout main", "git log -- shop.db", "restic snapshots",
        "sqlite-utils tables shop.db", "sed s/a/b/ notes.txt", "rsync -a build/ /srv/shop/",
        "tar xzf release.tgz -C /srv/shop", "cp -r config/ /etc/shop", "rsync -a /srv/www/ /backup/www/",
        "wget https://h/app.tgz", "gpg -d -o x.txt x.gpg", "perl -ne 'print' shop.db", "rm -rf build/*",
        "git checkout -b next", "git reset --hard origin/main", "git clean -n", "git stash",
        "find logs -delete", "find . -name '*.log' -mtime +3 -exec rm {} +", "echo done | tee log",
        "echo 'rm -rf build' | bash",
        "echo 'put page.html' | sftp host", "rsync -a --delete build/ /srv/www/", "ls *.log | xargs rm",
    ],
)  # fmt: skip
def test_other_files_are_nobodys_business(line: str) -> None:
    uses = [use for command in commands_of(line) for use in file_uses(command)]
    names = [n for use in uses for n in (*use.removed, *use.copied)]
    assert not [name for name in names if is_database_file(name, ["shop.db"])]
    assert not [n for use in uses for n in use.removed if holds_database(n, ["shop.db"])]
    assert not [name for use in uses for name in databases_written(use, ["shop.db"])]


@pytest.mark.parametrize(
    ("line", "is_taken"),
    [
        ("docker volume rm shop_data", True), ("docker compose -f prod.yml down -v", True),
        ("sudo docker system prune -af --volumes", True), ("kubectl -n prod delete pvc data-shop-0", True),
        ("fly volumes destroy vol_1 -y", True), ("zfs rollback tank/shop@before", True),
        ("ssh host 'lvconvert --merge vg/before'", True), ("python manage.py flush --no-input", True),
        ("bin/rails db:reset", True), ("mkfs.ext4 /dev/sdb1", True), ("npx prisma migrate reset -f", True),
        ("docker volume ls", False), ("docker compose down", False), ("docker compose up -d -V", False),
        ("kubectl rollout restart deploy/shop", False), ("zfs snapshot tank/shop@before", False),
        ("python manage.py migrate", False), ("bin/rails db:migrate", False), ("fly deploy", False),
        ("docker run -v data:/data shop", False), ("docker volume rm --help", False),
    ],
)  # fmt: skip
def test_who_takes_a_whole_volume_away_takes_the_database_along(line: str, is_taken: bool) -> None:
    assert [volume_taken(command) for command in commands_of(line)] == [is_taken]
    plan = adopt(f"# M\n\n## Steps\n\n```bash\nsqlite3 shop.db 'DELETE FROM t'\n{line}\n```\n")
    assert any("is left out" in str(one) for one in plan.inferred) is is_taken


def test_a_folder_is_a_databases_where_it_may_hold_one() -> None:
    known = ["/srv/shop/shop.db"]
    here, elsewhere, home = (
        [
            name
            for command in commands_of(line)
            for use in file_uses(command)
            for name in databases_written(use, known)
        ]
        for line in ("cp -r /backup/. /srv", "cp -r /backup/. /etc", "rsync -a host:/backup/ .")
    )
    assert (here, elsewhere, home) == (["/srv"], [], ["."])
    assert holds_database("data", ["data/shop.db"])
    assert not holds_database("dat", ["data/shop.db"])


SECRETS = {
    "curl -u admin:open-sesame https://h/": "open-sesame",
    "curl --user admin:open-sesame https://h/": "open-sesame",
    "curl 'https://admin:open-sesame@h/'": "open-sesame",
    "curl 'https://h/a?token=open-sesame'": "open-sesame",
    "curl -d '{\"password\": \"open-sesame\"}' https://h/": "open-sesame",
    "turso db shell prod --auth-token open-sesame < a.sql": "open-sesame",
    "export CRON_SECRET=open-sesame": "open-sesame",
    "API_KEY='open-sesame' ./deploy.sh": "open-sesame",
    "./deploy --password=open-sesame": "open-sesame",
    "./deploy --key ab:cd:ef:01:23:45:67:89:aa": "ab:cd:ef:01:23:45:67:89:aa",
    "stripe --live sk_live_abcdefgh1234": "sk_live_abcdefgh1234",
    "git clone https://ghp_abcdefghijklmnop1234@h/r": "ghp_abcdefghijklmnop1234",
    "AWS=AKIAABCDEFGHIJKLMNOP ./x": "AKIAABCDEFGHIJKLMNOP",
}  # fmt: skip


@pytest.mark.parametrize(("command", "literal"), SECRETS.items())
def test_a_secret_of_a_command_becomes_a_parameter(command: str, literal: str) -> None:
    text = adopt(f"# M\n\n## Steps\n\n```bash\n{command}\n```\n\nUse `{literal}` again.\n").plan_text
    assert literal not in text
    (name,) = re.findall(r"^  (\w+): \{secret: true\}$", text, re.MULTILINE)
    assert f"${{{name}}}" in text.partition("## Execute")[2]


@pytest.mark.parametrize(
    "command",
    [
        'curl -H "Authorization: Bearer $TOKEN" https://h/', "cat --token-file /run/token",
        "export TOKEN=${X}", "ssh-keygen -t ed25519", "echo 00:11:22:33:44:55",
        "grep password app.log", "./x --token",
        "curl 'https://h/a?tokens=' ", "git push origin main", "export SECRET_PATH=/run/secret",
    ],
)  # fmt: skip
def test_names_and_paths_of_secrets_are_none(command: str) -> None:
    assert list(credentials.literals(command)) == []


def test_a_secret_inside_of_single_quotes_is_still_put_in_by_the_shell() -> None:
    assert credentials.in_shell("# it's\nx 'a=K1 b' \"K1\" K1", "K1", "N") == (
        '# it\'s\nx \'a=\'"${N}"\' b\' "${N}" "${N}"'
    )

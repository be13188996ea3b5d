"""A reader of Modbus over TCP: functions 3 and 4 alone, so nothing can be written to a device."""

"""SunSpec over Modbus: inverters, meters and batteries of many makes that describe themselves."""

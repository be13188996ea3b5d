DROP TABLE changeover_early_5m;

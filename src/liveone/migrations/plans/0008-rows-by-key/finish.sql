DROP TABLE changeover_second_statuses;
DROP TABLE changeover_reading_ids;
DROP TABLE changeover_5m_ids;
DROP TABLE changeover_1d_ids;
DROP TABLE changeover_id_marks;

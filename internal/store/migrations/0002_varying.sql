-- Finds the runs of which everything that varies is still kept.
CREATE INDEX run_data_by_varying ON run_data (run) WHERE varying IS NOT NULL;

-- What searches read: keys of names, made of `patients`, and indices of what shows.
CREATE TABLE name_keys (
    patient BIGINT NOT NULL REFERENCES patients (id),
    key {text} NOT NULL,
    PRIMARY KEY (patient, key)
) {keyed};
CREATE INDEX name_keys_key ON name_keys (key, patient);

-- Pages of studies are read from this alone as long as nothing is asked of a study but its date and its patient; without
-- `instances` in it SQLite would read every row too.
CREATE INDEX studies_shown ON studies (sort_date, id, patient, instances) WHERE instances > 0;
CREATE INDEX studies_of_patient ON studies (patient, sort_date, instances);
DROP INDEX studies_sort;
DROP INDEX studies_patient;

-- The modalities of a study, and the studies of a modality, without its series.
CREATE INDEX series_modalities ON series (study, modality, instances) WHERE instances > 0;
CREATE INDEX series_of_modality ON series (modality, study, instances) WHERE instances > 0;
DROP INDEX series_modality;

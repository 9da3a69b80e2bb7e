-- The first schema. `leader` orders objects by receipt: a row shows the values of the first.
CREATE TABLE patients (
    id {id},
    patient_key {text} NOT NULL UNIQUE,
    leader {text} NOT NULL,
    root BIGINT NOT NULL,
    patient_name {text},
    patient_name_alphabetic {text},
    patient_name_ideographic {text},
    patient_name_phonetic {text},
    patient_id {text},
    issuer {text},
    birth_date {text},
    sex {text}
);
CREATE INDEX patients_patient_name_alphabetic ON patients (patient_name_alphabetic);
CREATE INDEX patients_patient_name_ideographic ON patients (patient_name_ideographic);
CREATE INDEX patients_patient_name_phonetic ON patients (patient_name_phonetic);
CREATE INDEX patients_birth_date ON patients (birth_date);
CREATE INDEX patients_sex ON patients (sex);
CREATE INDEX patients_root ON patients (root);

CREATE TABLE patient_ids (
    patient BIGINT NOT NULL REFERENCES patients (id),
    identifier {text} NOT NULL,
    issuer {text} NOT NULL,
    PRIMARY KEY (patient, identifier, issuer)
);
CREATE INDEX patient_ids_identifier ON patient_ids (identifier, issuer);
CREATE INDEX patient_ids_issuer ON patient_ids (issuer);

CREATE TABLE patient_merges (
    id {id},
    from_key {text} NOT NULL,
    into_key {text} NOT NULL,
    merged_ns BIGINT NOT NULL,
    reason {text} NOT NULL,
    undone_ns BIGINT
);
CREATE INDEX patient_merges_from ON patient_merges (from_key);

CREATE TABLE studies (
    id {id},
    patient BIGINT NOT NULL REFERENCES patients (id),
    leader {text} NOT NULL,
    instances BIGINT NOT NULL,
    series BIGINT NOT NULL,
    sort_date {text} NOT NULL,
    study_uid {text},
    study_date {text},
    study_time {text},
    study_time_key {text},
    accession_number {text},
    study_id {text},
    study_description {text},
    referring_physician_name {text},
    referring_physician_name_alphabetic {text},
    referring_physician_name_ideographic {text},
    referring_physician_name_phonetic {text},
    patient_age {text},
    patient_size {text},
    patient_weight {text}
);
CREATE UNIQUE INDEX studies_study_uid ON studies (study_uid);
CREATE INDEX studies_patient ON studies (patient);
CREATE INDEX studies_sort ON studies (sort_date, id);
CREATE INDEX studies_study_date ON studies (study_date);
CREATE INDEX studies_study_time_key ON studies (study_time_key);
CREATE INDEX studies_accession_number ON studies (accession_number);
CREATE INDEX studies_study_id ON studies (study_id);
CREATE INDEX studies_study_description ON studies (study_description);
CREATE INDEX studies_referring_physician_name_alphabetic ON studies (referring_physician_name_alphabetic);
CREATE INDEX studies_referring_physician_name_ideographic ON studies (referring_physician_name_ideographic);
CREATE INDEX studies_referring_physician_name_phonetic ON studies (referring_physician_name_phonetic);

CREATE TABLE series (
    id {id},
    study BIGINT NOT NULL REFERENCES studies (id),
    leader {text} NOT NULL,
    instances BIGINT NOT NULL,
    series_uid {text},
    modality {text},
    series_number {text},
    series_description {text},
    body_part_examined {text},
    station_name {text},
    institution_name {text},
    performed_date {text},
    performed_time {text},
    performed_time_key {text},
    series_date {text},
    series_time {text},
    protocol_name {text},
    manufacturer {text},
    model_name {text},
    frame_of_reference_uid {text},
    units {text},
    decay_correction {text},
    corrected_image {text},
    corrected_image_key {text},
    attenuation_method {text}
);
CREATE UNIQUE INDEX series_of_study ON series (study, series_uid);
CREATE INDEX series_series_uid ON series (series_uid);
CREATE INDEX series_modality ON series (modality);
CREATE INDEX series_series_number ON series (series_number);
CREATE INDEX series_series_description ON series (series_description);
CREATE INDEX series_body_part_examined ON series (body_part_examined);
CREATE INDEX series_station_name ON series (station_name);
CREATE INDEX series_institution_name ON series (institution_name);
CREATE INDEX series_performed_date ON series (performed_date);
CREATE INDEX series_performed_time_key ON series (performed_time_key);
CREATE INDEX series_units ON series (units);
CREATE INDEX series_decay_correction ON series (decay_correction);
CREATE INDEX series_corrected_image_key ON series (corrected_image_key);
CREATE INDEX series_attenuation_method ON series (attenuation_method);

CREATE TABLE instances (
    id {id},
    series BIGINT NOT NULL REFERENCES series (id),
    patient BIGINT NOT NULL REFERENCES patients (id),
    leader {text} NOT NULL,
    hash {text} NOT NULL UNIQUE,
    received_ns BIGINT NOT NULL,
    size BIGINT NOT NULL,
    transfer_syntax_uid {text} NOT NULL,
    visible BIGINT NOT NULL,
    sop_uid {text},
    sop_class_uid {text},
    instance_number {text},
    content_date {text},
    content_time {text},
    image_type {text},
    number_of_frames {text},
    pixel_rows {text},
    pixel_columns {text},
    bits_allocated {text}
);
CREATE INDEX instances_series ON instances (series);
CREATE INDEX instances_patient ON instances (patient);
CREATE INDEX instances_received ON instances (received_ns);
CREATE INDEX instances_sop_uid ON instances (sop_uid);
CREATE INDEX instances_sop_class_uid ON instances (sop_class_uid);
CREATE INDEX instances_instance_number ON instances (instance_number);
CREATE INDEX instances_content_date ON instances (content_date);

CREATE TABLE tracers (
    series BIGINT NOT NULL REFERENCES series (id),
    item BIGINT NOT NULL,
    radiopharmaceutical {text},
    radiopharmaceutical_code {text},
    radiopharmaceutical_scheme {text},
    radiopharmaceutical_meaning {text},
    radionuclide_code {text},
    radionuclide_scheme {text},
    radionuclide {text},
    activity_bq DOUBLE PRECISION,
    total_dose {text},
    injection {text},
    PRIMARY KEY (series, item)
);
CREATE INDEX tracers_radiopharmaceutical ON tracers (radiopharmaceutical);
CREATE INDEX tracers_radiopharmaceutical_code ON tracers (radiopharmaceutical_code);
CREATE INDEX tracers_radiopharmaceutical_meaning ON tracers (radiopharmaceutical_meaning);
CREATE INDEX tracers_radionuclide_code ON tracers (radionuclide_code);
CREATE INDEX tracers_radionuclide ON tracers (radionuclide);
CREATE INDEX tracers_activity ON tracers (activity_bq);

CREATE TABLE requests (
    series BIGINT NOT NULL REFERENCES series (id),
    item BIGINT NOT NULL,
    step_id {text},
    procedure_id {text},
    PRIMARY KEY (series, item)
);
CREATE INDEX requests_step ON requests (step_id);
CREATE INDEX requests_procedure ON requests (procedure_id);

CREATE TABLE metadata (
    instance BIGINT PRIMARY KEY REFERENCES instances (id),
    json {blob} NOT NULL
);

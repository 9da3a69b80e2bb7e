-- Rows as each schema had them: a section is for its schema and all later ones, or up to another. `|` stands for the
-- character 1 of patients' keys. The object is the six bytes `object`, its metadata raw DEFLATE (RFC 1951) of DICOM JSON.

-- schema 1
INSERT INTO patients (patient_key, leader, root, patient_name, patient_name_alphabetic, patient_name_ideographic, patient_id, issuer)
VALUES ('id P1|', '00000000000000000005 2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75', 1, 'Wang^Xiaoming=王^小明', 'wang^xiaoming', '王^小明', 'P1', '');
INSERT INTO patients (patient_key, leader, root, patient_id, issuer) VALUES ('id P2|', '00000000000000000005 2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75', 1, 'P2', '');
INSERT INTO patient_ids (patient, identifier, issuer) VALUES (1, 'P1', '');
INSERT INTO patient_ids (patient, identifier, issuer) VALUES (2, 'P2', '');
INSERT INTO patient_merges (from_key, into_key, merged_ns, reason) VALUES ('id P2|', 'id P1|', 6, 'same person');
INSERT INTO studies (patient, leader, instances, series, sort_date, study_uid, study_date)
VALUES (1, '00000000000000000005 2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75', 1, 1, '20260301', '1.2', '20260301');
INSERT INTO series (study, leader, instances, series_uid, modality) VALUES (1, '00000000000000000005 2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75', 1, '1.2.1', 'PT');
INSERT INTO instances (series, patient, leader, hash, received_ns, size, transfer_syntax_uid, visible, sop_uid, sop_class_uid)
VALUES (1, 1, '00000000000000000005 2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75', '2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75', 5, 6, '1.2.840.10008.1.2.1', 1, '1.2.1.1', '1.2.840.10008.5.1.4.1.1.128');
INSERT INTO metadata (instance, json) VALUES (1, X'ab56323030b03030303453b2aa562a2b52b2520af554d2510a4bcc294d55b28a5632d433d2b33031d03304a9d333d533d43301622034b2508aadd58169b7c0a31da81849a991015ca98b23b2522303233303630364b56608b5cec1c86a0342a0aa40ce3244a80af0435255ade49853909198945a92990c940b4fcc4b8f8bc84ccccfcdcc4b072af34c49cd4f2f4a2cc800cb3eefeb8e7bbaa1ffd98c3ea55a84d1488ef5f1477100cc99464055062eb87d8faccc155f200115d60200');

-- schema 2 to 10
INSERT INTO events (at_ns, kind, actor, study_uid, hash) VALUES (7, 'stored', 'dimse:CT1', '1.2', '2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75');

-- schema 3
INSERT INTO orders (step_id, state, study_uid, modality, station, start_date, start_time, created_ns, changed_ns, item)
VALUES ('S1', 'SCHEDULED', '1.2', 'PT', '\PET1\', '20260301', '', 5, 5, '{}');
INSERT INTO applications (ae_title, networks, associations, may, address, secure, character_set)
VALUES ('PET1', '10.1.0.0/16', 5, 'store find', '10.1.2.3:104', 0, 'GB18030');

-- schema 4
INSERT INTO event_cursors (reader, event) VALUES ('routing', 1);
INSERT INTO deliveries (destination, hash, sop_uid, study_uid, sop_class_uid, transfer_syntax_uid, state, attempts, not_before_ns, created_ns, changed_ns)
VALUES ('reading-room', '2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75', '1.2.1.1', '1.2', '1.2.840.10008.5.1.4.1.1.128', '1.2.840.10008.1.2.1', 'waiting', 2, 9, 8, 8);

-- schema 5 to 11
INSERT INTO corrections (target, changes, before, at_ns, actor, reason) VALUES ('study 1.2', '{}', '{}', 8, 'web:clerk', 'misspelt');

-- schema 5
INSERT INTO rejections (study_uid, reason, comment, at_ns, actor) VALUES ('1.2', '113001', 'blurred', 8, 'web:clerk');
INSERT INTO rejected_instances (rejection, sop_uid) VALUES (1, '1.2.1.9');
INSERT INTO conflicts (kind, subject, study_uid, sop_uid, hash, attributes, found_ns)
VALUES ('duplicate', 'x', '1.2', '1.2.1.1', '2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75', '', 8);
INSERT INTO holds (study_uid, reason, at_ns, actor) VALUES ('1.2', 'in court', 8, 'web:law');
INSERT INTO scrubs (hash, verified_ns) VALUES ('2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75', 8);

-- schema 6
INSERT INTO devices (name, kind, secret, created_ns) VALUES ('north', 'key', 'secret', 8);

-- schema 9
INSERT INTO compressions (hash, transfer_syntax_uid, state, received_bytes, stored_bytes, at_ns)
VALUES ('2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75', '1.2.840.10008.1.2.4.80', 'compressed', 6, 5, 8);

-- schema 10
INSERT INTO name_keys (patient, key) VALUES (1, '^wangxiaoming');
INSERT INTO name_keys (patient, key) VALUES (1, '^xiaoming');

-- schema 11
INSERT INTO journal (at_ns, kind, actor, study_uid, hash, chain)
VALUES (7, 'stored', 'dimse:CT1', '1.2', '2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75', X'51ecc165baae73f7d4ba06fab152921cd70b1fa2256eeaaadc0212120afe6e5e');

-- schema 12
INSERT INTO corrections (target, changes, before, at_ns, actor, reason, study_uid)
VALUES ('study 1.2', '{}', '{}', 8, 'web:clerk', 'misspelt', '1.2');
INSERT INTO custodies (study_uid, custodian) VALUES ('1.5', 7);

-- What people decide about objects that never change: corrections, choices, rejections, conflicts, holds, removals, tiers.
-- None of these is made from objects: a rebuild of the index keeps them and applies them again.
-- What an object itself says, so that rows can be made anew without reading it.
ALTER TABLE metadata ADD COLUMN facts {blob};

CREATE TABLE corrections (
    id {id},
    target {text} NOT NULL,
    changes {text} NOT NULL,
    before {text} NOT NULL,
    at_ns BIGINT NOT NULL,
    actor {text} NOT NULL,
    reason {text} NOT NULL,
    undone_ns BIGINT,
    undone_by {text}
);
CREATE INDEX corrections_target ON corrections (target);

-- Which corrections an instance shows: made from objects and corrections, as the rows of the index are.
CREATE TABLE corrected_instances (
    correction BIGINT NOT NULL REFERENCES corrections (id),
    instance BIGINT NOT NULL REFERENCES instances (id),
    PRIMARY KEY (correction, instance)
);
CREATE INDEX corrected_instances_instance ON corrected_instances (instance);

-- Which of several objects with one SOP Instance UID is visible, where a person decided; else the first received.
CREATE TABLE choices (
    id {id},
    sop_uid {text} NOT NULL,
    hash {text} NOT NULL,
    at_ns BIGINT NOT NULL,
    actor {text} NOT NULL,
    undone_ns BIGINT
);
CREATE INDEX choices_sop_uid ON choices (sop_uid);

-- Reasons are codes of DCM (PS3.16 CID 7011).
CREATE TABLE rejections (
    id {id},
    study_uid {text} NOT NULL,
    reason {text} NOT NULL,
    comment {text} NOT NULL,
    note_uid {text},
    at_ns BIGINT NOT NULL,
    actor {text} NOT NULL,
    undone_ns BIGINT,
    undone_by {text}
);
CREATE INDEX rejections_study ON rejections (study_uid);

-- `ended_ns`: the object was removed for good; received again it is new.
CREATE TABLE rejected_instances (
    rejection BIGINT NOT NULL REFERENCES rejections (id),
    sop_uid {text} NOT NULL,
    ended_ns BIGINT,
    PRIMARY KEY (rejection, sop_uid)
);
CREATE INDEX rejected_instances_sop_uid ON rejected_instances (sop_uid);

-- `subject` names what is in question: a patient's key and a study, or a SOP Instance UID and an object.
CREATE TABLE conflicts (
    id {id},
    kind {text} NOT NULL,
    subject {text} NOT NULL,
    study_uid {text} NOT NULL,
    sop_uid {text} NOT NULL,
    hash {text} NOT NULL,
    attributes {text} NOT NULL,
    found_ns BIGINT NOT NULL,
    decision {text},
    decided_ns BIGINT,
    decided_by {text},
    UNIQUE (kind, subject)
);
CREATE INDEX conflicts_study ON conflicts (study_uid);

CREATE TABLE holds (
    id {id},
    study_uid {text} NOT NULL,
    reason {text} NOT NULL,
    at_ns BIGINT NOT NULL,
    actor {text} NOT NULL,
    lifted_ns BIGINT,
    lifted_by {text}
);
CREATE INDEX holds_study ON holds (study_uid);

-- What the archive was told of a visit: out-patients' studies are kept for a shorter time.
CREATE TABLE visits (
    study_uid {text} PRIMARY KEY,
    class {text} NOT NULL,
    at_ns BIGINT NOT NULL,
    actor {text} NOT NULL
);

-- `removing` is written before an object's file goes, `removed` after: a restart finishes what is between.
CREATE TABLE removals (
    id {id},
    hash {text} NOT NULL,
    sop_uid {text} NOT NULL,
    study_uid {text} NOT NULL,
    state {text} NOT NULL,
    at_ns BIGINT NOT NULL,
    actor {text} NOT NULL,
    removed_ns BIGINT
);
CREATE INDEX removals_state ON removals (state);
CREATE INDEX removals_hash ON removals (hash);

-- Objects that lie in the cold store (`cold`), in both (`copied`) or are on their way (`copying`); the time of receipt stays.
CREATE TABLE cold_objects (
    hash {text} PRIMARY KEY,
    size BIGINT NOT NULL,
    received_ns BIGINT NOT NULL,
    moved_ns BIGINT NOT NULL,
    state {text} NOT NULL
);

CREATE TABLE scrubs (
    hash {text} PRIMARY KEY,
    verified_ns BIGINT NOT NULL,
    damage {text}
);
CREATE INDEX scrubs_verified ON scrubs (verified_ns);

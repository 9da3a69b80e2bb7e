-- Scheduled procedure steps and what devices report of them.
CREATE TABLE orders (
    id {id},
    step_id {text} NOT NULL UNIQUE,
    state {text} NOT NULL,
    study_uid {text} NOT NULL,
    modality {text} NOT NULL,
    station {text} NOT NULL,
    start_date {text} NOT NULL,
    start_time {text} NOT NULL,
    created_ns BIGINT NOT NULL,
    changed_ns BIGINT NOT NULL,
    item {text} NOT NULL
);
CREATE INDEX orders_start ON orders (start_date, start_time, id);
CREATE INDEX orders_study ON orders (study_uid);

CREATE TABLE performed_steps (
    id {id},
    sop_uid {text} NOT NULL UNIQUE,
    state {text} NOT NULL,
    study_uid {text} NOT NULL,
    created_by {text} NOT NULL,
    created_ns BIGINT NOT NULL,
    changed_ns BIGINT NOT NULL,
    attributes {text} NOT NULL
);
CREATE INDEX performed_steps_study ON performed_steps (study_uid);

-- Storage commitments that were asked for; one that ended stays as a record.
CREATE TABLE commitments (
    id {id},
    transaction_uid {text} NOT NULL,
    requester {text} NOT NULL,
    called {text} NOT NULL,
    instances {text} NOT NULL,
    asked_ns BIGINT NOT NULL,
    due_ns BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    ended_ns BIGINT,
    outcome {text},
    UNIQUE (requester, transaction_uid)
);
CREATE INDEX commitments_due ON commitments (ended_ns, due_ns);

-- Application entities that may associate, and where they are reached.
CREATE TABLE applications (
    ae_title {text} PRIMARY KEY,
    networks {text} NOT NULL,
    associations BIGINT NOT NULL,
    may {text} NOT NULL,
    address {text},
    secure BIGINT NOT NULL,
    character_set {text} NOT NULL
);

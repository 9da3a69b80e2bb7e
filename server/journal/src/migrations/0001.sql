-- What happened, in the order of its commits; whoever reacts to it remembers how far it read. Rows are never changed.
CREATE TABLE journal (
    id {id},
    at_ns BIGINT NOT NULL,
    kind {text} NOT NULL,
    actor {text} NOT NULL,
    organisation BIGINT,
    subject {text},
    study_uid {text},
    series_uid {text},
    sop_uid {text},
    hash {text},
    address {text},
    request {text},
    detail {text},
    -- SHA-256 of the chain before it and of the entry.
    chain {blob} NOT NULL
);
CREATE INDEX journal_study ON journal (study_uid, id);
CREATE INDEX journal_actor ON journal (actor, id);
CREATE INDEX journal_organisation ON journal (organisation, id);
CREATE INDEX journal_subject ON journal (subject, id);

-- Where the chain begins after its oldest part was removed, as two people decided.
CREATE TABLE journal_beginnings (
    id BIGINT PRIMARY KEY,
    at_ns BIGINT NOT NULL,
    chain {blob} NOT NULL
);

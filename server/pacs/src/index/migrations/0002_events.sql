-- What happened, in the order of its commits; whoever reacts to it remembers how far it read.
CREATE TABLE events (
    id {id},
    at_ns BIGINT NOT NULL,
    kind {text} NOT NULL,
    actor {text} NOT NULL,
    study_uid {text},
    series_uid {text},
    sop_uid {text},
    hash {text},
    detail {text}
);
CREATE INDEX events_study ON events (study_uid, id);

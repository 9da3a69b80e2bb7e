-- What somebody decided about the publication of a study: from when it is published; never where that is NULL. No object says
-- it, so a rebuild of the index keeps it. Of a study that is not here its custodian's rule says it.
CREATE TABLE publications (
    study_uid {text} PRIMARY KEY,
    from_ns BIGINT
) {keyed};

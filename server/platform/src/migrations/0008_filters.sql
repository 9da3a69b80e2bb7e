-- What a person asks a list for, under a name.
CREATE TABLE filters (
    id {id},
    person BIGINT NOT NULL,
    list {text} NOT NULL,
    name {text} NOT NULL,
    query {text} NOT NULL,
    UNIQUE (person, list, name)
);

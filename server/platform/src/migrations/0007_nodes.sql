-- Something encrypted with the site's key: a node with another key, or a copy without it, is told apart.
CREATE TABLE site_key (
    id BIGINT PRIMARY KEY,
    sealed {blob} NOT NULL
);

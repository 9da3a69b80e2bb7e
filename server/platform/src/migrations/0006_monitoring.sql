-- What is watched: processes of Uptake (node), what else a site runs (probe), and the site as a whole (site).
CREATE TABLE servers (
    id {id},
    kind {text} NOT NULL,
    name {text} NOT NULL,
    roles {text} NOT NULL,
    version {text} NOT NULL,
    address {text} NOT NULL,
    notes {text} NOT NULL,
    started_ns BIGINT NOT NULL,
    -- When a node said last that it runs, or a probe was answered last.
    heartbeat_ns BIGINT NOT NULL,
    -- A node that was told to end is not missing.
    ended_ns BIGINT,
    removed_ns BIGINT
);
CREATE UNIQUE INDEX servers_name ON servers (kind, name) WHERE removed_ns IS NULL;

-- What is measured of each, as it is now, and how far its judgement is.
CREATE TABLE readings (
    server BIGINT NOT NULL REFERENCES servers (id),
    metric {text} NOT NULL,
    -- None where it did not answer.
    value DOUBLE PRECISION,
    at_ns BIGINT NOT NULL,
    -- normal, warning, critical
    level {text} NOT NULL,
    -- Where the last samples lead to, and how many.
    towards {text} NOT NULL,
    streak BIGINT NOT NULL,
    PRIMARY KEY (server, metric)
);

-- What was measured, by minutes for a day and by half hours for a month: so many rows and no more.
CREATE TABLE figures (
    server BIGINT NOT NULL,
    metric {text} NOT NULL,
    grain_s BIGINT NOT NULL,
    at_s BIGINT NOT NULL,
    total DOUBLE PRECISION NOT NULL,
    most DOUBLE PRECISION NOT NULL,
    samples BIGINT NOT NULL,
    PRIMARY KEY (server, metric, grain_s, at_s)
) {keyed};
CREATE INDEX figures_old ON figures (grain_s, at_s);

-- Limits that an administrator set in the place of those that Uptake comes with.
CREATE TABLE thresholds (
    server BIGINT NOT NULL REFERENCES servers (id),
    metric {text} NOT NULL,
    warning DOUBLE PRECISION NOT NULL,
    critical DOUBLE PRECISION NOT NULL,
    -- How far on the good side of a limit it is over.
    margin DOUBLE PRECISION NOT NULL,
    -- Samples one after another before it counts.
    samples BIGINT NOT NULL,
    PRIMARY KEY (server, metric)
);

-- One row for a condition, from when it begins until it is over.
CREATE TABLE alarms (
    id {id},
    kind {text} NOT NULL,
    subject {text} NOT NULL,
    -- warning, critical
    severity {text} NOT NULL,
    detail {text} NOT NULL,
    first_ns BIGINT NOT NULL,
    last_ns BIGINT NOT NULL,
    count BIGINT NOT NULL,
    is_flapping BIGINT NOT NULL,
    -- Since when the condition of a flapping one does not hold.
    calm_ns BIGINT,
    acknowledged_by BIGINT REFERENCES people (id),
    acknowledged_ns BIGINT,
    cleared_ns BIGINT,
    -- How many of those on call were told, and when the last.
    told BIGINT NOT NULL,
    told_ns BIGINT
);
CREATE UNIQUE INDEX alarms_open ON alarms (kind, subject) WHERE cleared_ns IS NULL;
CREATE INDEX alarms_subject ON alarms (kind, subject, first_ns);

-- Who is told by SMS, in this order.
CREATE TABLE on_call (
    person BIGINT PRIMARY KEY REFERENCES people (id),
    position BIGINT NOT NULL,
    -- Minutes of the day between which warnings wait; both the same for none.
    quiet_from BIGINT NOT NULL,
    quiet_until BIGINT NOT NULL,
    -- Minutes without an acknowledgement before the next is told.
    wait_minutes BIGINT NOT NULL
);

-- When somebody was last told of a condition.
CREATE TABLE alarm_texts (
    kind {text} NOT NULL,
    subject {text} NOT NULL,
    person BIGINT NOT NULL,
    at_ns BIGINT NOT NULL,
    PRIMARY KEY (kind, subject, person)
);

-- What somebody asks for help with.
CREATE TABLE tickets (
    id {id},
    person BIGINT NOT NULL REFERENCES people (id),
    organisation BIGINT,
    subject {text} NOT NULL,
    body {text} NOT NULL,
    -- question, hindrance, outage
    severity {text} NOT NULL,
    -- open, answered, closed
    state {text} NOT NULL,
    created_ns BIGINT NOT NULL,
    changed_ns BIGINT NOT NULL
);
CREATE INDEX tickets_person ON tickets (person, id);
CREATE INDEX tickets_state ON tickets (state, id);

CREATE TABLE ticket_answers (
    id {id},
    ticket BIGINT NOT NULL REFERENCES tickets (id),
    person BIGINT NOT NULL REFERENCES people (id),
    body {text} NOT NULL,
    at_ns BIGINT NOT NULL
);
CREATE INDEX ticket_answers_ticket ON ticket_answers (ticket, id);

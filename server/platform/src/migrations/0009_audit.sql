-- Old entries of the journal that an audit administrator asks to remove, and what another one decided.
CREATE TABLE journal_removals (
    id {id},
    asked_by BIGINT NOT NULL,
    asked_ns BIGINT NOT NULL,
    -- Entries older than so many days when it was asked: all up to the last, which are so many.
    days BIGINT NOT NULL,
    last BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    -- asked, confirmed, withdrawn, done
    state {text} NOT NULL,
    decided_by BIGINT,
    decided_ns BIGINT,
    done_ns BIGINT
);
CREATE INDEX journal_removals_state ON journal_removals (state, id);

-- How far the journal was sent to the audit repository: the number of the last entry that it took.
CREATE TABLE audit_deliveries (
    id BIGINT PRIMARY KEY,
    last BIGINT NOT NULL,
    at_ns BIGINT NOT NULL
);

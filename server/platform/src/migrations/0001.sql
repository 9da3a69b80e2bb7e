-- People. A mobile number is one person's; a closed account keeps its name for what it wrote, and loses the number.
CREATE TABLE people (
    id {id},
    kind {text} NOT NULL,
    state {text} NOT NULL,
    -- Why a registration was refused, or an account closed.
    reason {text},
    mobile {text} UNIQUE,
    name {text} NOT NULL,
    -- The name as it is searched for: in characters, in pinyin, in initials.
    name_keys {text} NOT NULL,
    sex {text},
    email {text},
    title {text},
    -- What a doctor said of the place of work when registering.
    hospital {text},
    department {text},
    biography {text},
    -- none, submitted, verified, refused
    verification {text} NOT NULL,
    -- Argon2id, as a PHC string.
    password {text},
    password_at_ns BIGINT,
    must_change_password BIGINT NOT NULL,
    -- Encrypted with the site's key.
    totp {blob},
    -- The last time step whose code was taken: none is taken twice.
    totp_step BIGINT NOT NULL DEFAULT 0,
    language {text},
    theme {text},
    default_organisation BIGINT,
    idle_sign_out BIGINT NOT NULL,
    reading_tool {text} NOT NULL,
    browser_push BIGINT NOT NULL,
    wechat_push BIGINT NOT NULL,
    wechat_reminder_after_ns BIGINT,
    created_ns BIGINT NOT NULL,
    closed_ns BIGINT
);
CREATE INDEX people_state ON people (state, id);
CREATE INDEX people_name ON people (name, id);

-- The last passwords, which are not taken again.
CREATE TABLE old_passwords (
    person BIGINT NOT NULL REFERENCES people (id),
    at_ns BIGINT NOT NULL,
    password {text} NOT NULL
);
CREATE INDEX old_passwords_person ON old_passwords (person, at_ns);

-- Pictures and documents: small, made anew from what was uploaded; documents encrypted with the site's key.
CREATE TABLE files (
    id {id},
    person BIGINT REFERENCES people (id),
    organisation BIGINT,
    -- avatar, signature, identity-card, practising-certificate, qualification-certificate, logo
    kind {text} NOT NULL,
    media_type {text} NOT NULL,
    is_encrypted BIGINT NOT NULL,
    content {blob} NOT NULL,
    created_ns BIGINT NOT NULL
);
CREATE INDEX files_person ON files (person, kind);
CREATE INDEX files_organisation ON files (organisation, kind);

CREATE TABLE organisations (
    id {id},
    -- platform, hospital, team, department
    kind {text} NOT NULL,
    parent BIGINT REFERENCES organisations (id),
    number {text} NOT NULL UNIQUE,
    name {text} NOT NULL,
    name_keys {text} NOT NULL,
    grade {text},
    type {text},
    province {text},
    city {text},
    street {text},
    introduction {text},
    -- What its people are bound to beyond what everybody is, as JSON.
    policy {text} NOT NULL,
    state {text} NOT NULL,
    created_ns BIGINT NOT NULL
);
CREATE INDEX organisations_kind ON organisations (kind, id);

CREATE TABLE roles (
    id {id},
    organisation BIGINT NOT NULL REFERENCES organisations (id),
    name {text} NOT NULL,
    description {text} NOT NULL,
    -- The role that came with the organisation and holds everything; it stays.
    is_initial BIGINT NOT NULL,
    -- Words of permissions, as JSON.
    permissions {text} NOT NULL,
    -- Examination categories that it is for, as JSON; empty for all.
    categories {text} NOT NULL,
    -- Working hours, as JSON; empty for always.
    hours {text} NOT NULL,
    removed_ns BIGINT
);
CREATE INDEX roles_organisation ON roles (organisation, id);

CREATE TABLE memberships (
    id {id},
    person BIGINT NOT NULL REFERENCES people (id),
    organisation BIGINT NOT NULL REFERENCES organisations (id),
    role BIGINT NOT NULL REFERENCES roles (id),
    -- invited, active, declined, ended
    state {text} NOT NULL,
    -- Whether reports of this member get a link to the electronic film.
    has_film BIGINT NOT NULL,
    invited_by BIGINT,
    since_ns BIGINT NOT NULL,
    UNIQUE (person, organisation)
);
CREATE INDEX memberships_organisation ON memberships (organisation, state, id);
CREATE INDEX memberships_role ON memberships (role);

-- Whoever is signed in. Tokens are kept as their SHA-256.
CREATE TABLE sessions (
    token {text} PRIMARY KEY,
    person BIGINT NOT NULL REFERENCES people (id),
    organisation BIGINT,
    created_ns BIGINT NOT NULL,
    seen_ns BIGINT NOT NULL,
    address {text} NOT NULL,
    agent {text} NOT NULL,
    second_factor_ns BIGINT,
    -- The family of remember-me tokens it came from.
    family {text},
    ended_ns BIGINT,
    -- signed-out, displaced, idle, closed, password
    ended_why {text}
);
CREATE INDEX sessions_person ON sessions (person, ended_ns);

-- Remember-me: a token is good once and gives the next of its family; one that comes again ends the family.
CREATE TABLE remembered (
    token {text} PRIMARY KEY,
    family {text} NOT NULL,
    person BIGINT NOT NULL REFERENCES people (id),
    created_ns BIGINT NOT NULL,
    expires_ns BIGINT NOT NULL,
    used_ns BIGINT
);
CREATE INDEX remembered_family ON remembered (family);
CREATE INDEX remembered_person ON remembered (person);

-- Addresses that a person signed in from: they need no captcha.
CREATE TABLE known_addresses (
    person BIGINT NOT NULL REFERENCES people (id),
    address {text} NOT NULL,
    at_ns BIGINT NOT NULL,
    PRIMARY KEY (person, address)
);
CREATE INDEX known_addresses_address ON known_addresses (address);

-- What was tried in vain, by account and by address.
CREATE TABLE attempts (
    subject {text} PRIMARY KEY,
    failures BIGINT NOT NULL,
    at_ns BIGINT NOT NULL,
    until_ns BIGINT NOT NULL
);

-- Links and codes that are good once: captcha, code, reset, invitation, setup, phone.
CREATE TABLE one_time (
    token {text} PRIMARY KEY,
    purpose {text} NOT NULL,
    person BIGINT,
    organisation BIGINT,
    -- What it is about, as JSON.
    content {text} NOT NULL,
    created_ns BIGINT NOT NULL,
    expires_ns BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    used_ns BIGINT
);
CREATE INDEX one_time_person ON one_time (person, purpose);
CREATE INDEX one_time_expires ON one_time (expires_ns);

-- What a form did, by the key it was sent with: sent again it does nothing more.
CREATE TABLE done (
    key {text} PRIMARY KEY,
    location {text} NOT NULL,
    at_ns BIGINT NOT NULL
);
CREATE INDEX done_at ON done (at_ns);

CREATE TABLE notifications (
    id {id},
    person BIGINT NOT NULL REFERENCES people (id),
    organisation BIGINT,
    kind {text} NOT NULL,
    -- What the sentence needs, as JSON.
    arguments {text} NOT NULL,
    link {text} NOT NULL,
    -- Something to do, until it is done; else something to know, until it is read.
    is_todo BIGINT NOT NULL,
    -- What it is about: done for all when it is done.
    subject {text},
    at_ns BIGINT NOT NULL,
    done_ns BIGINT
);
CREATE INDEX notifications_person ON notifications (person, is_todo, done_ns, id);
CREATE INDEX notifications_subject ON notifications (subject);

CREATE TABLE dictionary (
    id {id},
    -- None: shared by all organisations.
    organisation BIGINT REFERENCES organisations (id),
    kind {text} NOT NULL,
    code {text} NOT NULL,
    name_zh {text} NOT NULL,
    name_en {text} NOT NULL,
    name_keys {text} NOT NULL,
    -- What an item has beyond its names, as JSON.
    detail {text} NOT NULL,
    retired_ns BIGINT
);
CREATE INDEX dictionary_kind ON dictionary (kind, organisation, id);

CREATE TABLE equipment (
    id {id},
    organisation BIGINT NOT NULL REFERENCES organisations (id),
    number {text} NOT NULL,
    name {text} NOT NULL,
    -- A word of the dictionary of device kinds.
    type {text} NOT NULL,
    ae_title {text},
    created_ns BIGINT NOT NULL,
    removed_ns BIGINT
);
CREATE INDEX equipment_organisation ON equipment (organisation, id);

CREATE TABLE equipment_members (
    equipment BIGINT NOT NULL REFERENCES equipment (id),
    person BIGINT NOT NULL REFERENCES people (id),
    at_ns BIGINT NOT NULL,
    PRIMARY KEY (equipment, person)
);

-- A hospital and a diagnosis team that work together.
CREATE TABLE dockings (
    id {id},
    hospital BIGINT NOT NULL REFERENCES organisations (id),
    team BIGINT NOT NULL REFERENCES organisations (id),
    -- The side that asked: hospital or team.
    asked_by {text} NOT NULL,
    -- asked, accepted, declined, ended
    state {text} NOT NULL,
    -- personal or fixed
    signature_mode {text} NOT NULL,
    signature BIGINT REFERENCES files (id),
    asked_ns BIGINT NOT NULL,
    answered_ns BIGINT,
    ended_ns BIGINT
);
CREATE INDEX dockings_hospital ON dockings (hospital, id);
CREATE INDEX dockings_team ON dockings (team, id);

CREATE TABLE docking_doctors (
    docking BIGINT NOT NULL REFERENCES dockings (id),
    person BIGINT NOT NULL REFERENCES people (id),
    -- Examination types that the doctor prefers, as JSON.
    categories {text} NOT NULL,
    -- In fen: one hundredth of a yuan.
    fee_fen BIGINT NOT NULL,
    PRIMARY KEY (docking, person)
);

CREATE TABLE jobs (
    id {id},
    kind {text} NOT NULL,
    arguments {text} NOT NULL,
    organisation BIGINT,
    person BIGINT,
    -- waiting, running, done, failed, unknown, cancelled
    state {text} NOT NULL,
    tries BIGINT NOT NULL,
    at_ns BIGINT NOT NULL,
    leased_until_ns BIGINT,
    worker {text},
    done_parts BIGINT NOT NULL,
    all_parts BIGINT NOT NULL,
    error {text},
    -- What happens outside happens once under this key, where the other side knows keys.
    key {text} NOT NULL UNIQUE,
    created_ns BIGINT NOT NULL,
    ended_ns BIGINT
);
CREATE INDEX jobs_state ON jobs (state, at_ns);
CREATE INDEX jobs_organisation ON jobs (organisation, id);

-- What is done at times: when last, so that one node does it.
CREATE TABLE schedules (
    name {text} PRIMARY KEY,
    last_ns BIGINT NOT NULL
);

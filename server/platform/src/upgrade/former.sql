-- Rows as each schema had them: a section is for its schema and all later ones.

-- schema 1
INSERT INTO people (kind, state, mobile, name, name_keys, verification, must_change_password, idle_sign_out, reading_tool, browser_push, wechat_push, created_ns)
VALUES ('staff', 'active', '13700000001', '李主任', '李主任', 'verified', 0, 0, 'v3', 1, 1, 5);
INSERT INTO people (kind, state, mobile, name, name_keys, verification, must_change_password, idle_sign_out, reading_tool, browser_push, wechat_push, created_ns)
VALUES ('staff', 'active', '13700000002', '张医生', '张医生', 'submitted', 0, 0, 'v3', 1, 1, 5);
INSERT INTO organisations (kind, number, name, name_keys, policy, state, created_ns)
VALUES ('hospital', 'H000001', '人民医院', '人民医院', '{}', 'active', 5);
INSERT INTO organisations (kind, number, name, name_keys, policy, state, created_ns)
VALUES ('team', 'T000001', '影像诊断组', '影像诊断组', '{}', 'active', 5);
INSERT INTO roles (organisation, name, description, is_initial, permissions, categories, hours)
VALUES (1, '管理', '', 1, '["studies-view","organisation","members","roles","devices","dockings","dictionary","log"]', '[]', '[]');
INSERT INTO roles (organisation, name, description, is_initial, permissions, categories, hours)
VALUES (1, '值班读片', '', 0, '["studies-view","reports-write"]', '[]', '[]');
INSERT INTO memberships (person, organisation, role, state, has_film, since_ns) VALUES (1, 1, 1, 'active', 1, 5);
INSERT INTO memberships (person, organisation, role, state, has_film, since_ns) VALUES (2, 1, 2, 'active', 1, 5);
INSERT INTO notifications (person, organisation, kind, arguments, link, is_todo, at_ns)
VALUES (1, 1, 'docking-accepted', '{"organisation":"影像诊断组"}', '/dockings/1', 0, 6);
INSERT INTO dictionary (organisation, kind, code, name_zh, name_en, name_keys, detail)
VALUES (1, 'body-part', 'HEAD', '头颅', 'Head', 'head', '{}');
INSERT INTO equipment (organisation, number, name, type, created_ns) VALUES (1, 'D1', '一号机房', 'PET-CT', 5);
INSERT INTO dockings (hospital, team, asked_by, state, signature_mode, asked_ns, answered_ns)
VALUES (1, 2, 'hospital', 'accepted', 'personal', 5, 6);
INSERT INTO jobs (kind, arguments, state, tries, at_ns, done_parts, all_parts, error, key, created_ns, ended_ns)
VALUES ('tidy', 'null', 'failed', 3, 5, 0, 0, 'the database was away', 'schedule tidy 5', 5, 6);
INSERT INTO schedules (name, last_ns) VALUES ('tidy', 5);

-- schema 2
UPDATE equipment SET station_name = 'PETCT-NORTH', name_keys = '一号机房';

-- schema 3
INSERT INTO wechat_bindings (person, openid, bound_ns) VALUES (1, 'oWeChat', 6);

-- schema 4
INSERT INTO clients (client_id, organisation, name, name_keys, is_confidential, redirect_uris, grant_types, scopes, created_ns)
VALUES ('c1', 1, '随访系统', '随访系统', 0, '["https://follow.example/back"]', '["authorization_code"]', '["openid"]', 6);

-- schema 5
INSERT INTO outbox (channel, template, language, person, state, key, at_ns, created_ns)
VALUES ('sms', 'account-closed', 'zh-CN', 2, 'not-connected', 'closed 2', 6, 6);

-- schema 6
INSERT INTO servers (kind, name, roles, version, address, notes, started_ns, heartbeat_ns)
VALUES ('probe', '分院网关', '', '', 'https://gateway.example', '', 6, 6);
INSERT INTO tickets (person, organisation, subject, body, severity, state, created_ns, changed_ns)
VALUES (1, 1, '打印机没有反应', '请看一下', 'question', 'open', 6, 6);
INSERT INTO alarms (kind, subject, severity, detail, first_ns, last_ns, count, is_flapping, told)
VALUES ('backup-old', 'backup', 'warning', '31 h', 6, 6, 1, 0, 0);

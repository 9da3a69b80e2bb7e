-- Station Name (0008,1010) of a device's images, by which the archive knows what came from it.
ALTER TABLE equipment ADD COLUMN station_name {text};
-- The name as it is searched for.
ALTER TABLE equipment ADD COLUMN name_keys {text} NOT NULL DEFAULT '';
-- A number is one device's of its organisation; a removed device gives it back.
CREATE UNIQUE INDEX equipment_number ON equipment (organisation, number) WHERE removed_ns IS NULL;
-- A code stands once for each organisation, and once among what is shared.
CREATE UNIQUE INDEX dictionary_code ON dictionary (COALESCE(organisation, 0), kind, code);
-- Whoever asks a second time while the first is open is told so.
CREATE INDEX dockings_pair ON dockings (hospital, team, state);

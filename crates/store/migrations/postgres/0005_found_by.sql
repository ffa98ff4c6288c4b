-- The name by which a proof finds an entry: the disclosure's root of a sealed file, the holding of a destroyed key.
ALTER TABLE entries ADD COLUMN found_by TEXT COLLATE "C";
UPDATE entries SET found_by = CAST(convert_from(bytes, 'UTF8') AS json) #>> '{facts,disclosure,digest}' WHERE CAST(convert_from(bytes, 'UTF8') AS json) ->> 'act' = 'leg.sealed';
UPDATE entries SET found_by = CAST(convert_from(bytes, 'UTF8') AS json) #>> '{facts,holding,id}' WHERE CAST(convert_from(bytes, 'UTF8') AS json) ->> 'act' = 'key.destroyed';
CREATE INDEX entries_found_by ON entries (found_by, idx) WHERE found_by IS NOT NULL;

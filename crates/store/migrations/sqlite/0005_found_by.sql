-- The name by which a proof finds an entry: the disclosure's root of a sealed file, the holding of a destroyed key.
ALTER TABLE entries ADD COLUMN found_by TEXT;
UPDATE entries SET found_by = CAST(bytes AS TEXT) ->> '$.facts.disclosure.digest' WHERE CAST(bytes AS TEXT) ->> '$.act' = 'leg.sealed';
UPDATE entries SET found_by = CAST(bytes AS TEXT) ->> '$.facts.holding.id' WHERE CAST(bytes AS TEXT) ->> '$.act' = 'key.destroyed';
CREATE INDEX entries_found_by ON entries (found_by, idx) WHERE found_by IS NOT NULL;

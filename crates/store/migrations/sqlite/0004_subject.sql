-- The person of the case register whom a state is about, as the keyed hash that the state has, so that one person's
-- matches are found without reading everybody's.
ALTER TABLE aggregates ADD COLUMN subject TEXT;
UPDATE aggregates SET subject = body ->> '$.subject' WHERE kind = 'match';
CREATE INDEX aggregates_by_subject ON aggregates (kind, subject, id) WHERE subject IS NOT NULL;

-- The evidence of many gateways in one PostgreSQL database, for queries.
-- SPDX-License-Identifier: Apache-2.0
--
-- The files that gateways write stay the evidence.  kt itself reads nothing
-- of this but kt_record.line, kt_checkpoint.note and kt_log.vkey, and proves
-- them against each other: kt audit verify --postgres.  The other columns of
-- kt_record are the same facts for SQL.

CREATE TABLE IF NOT EXISTS kt_log (
	origin text PRIMARY KEY,
	vkey text NOT NULL,
	since timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS kt_record (
	origin text NOT NULL REFERENCES kt_log,
	i bigint NOT NULL,             -- index
	line text NOT NULL,            -- as it was hashed
	ts timestamptz NOT NULL,
	type text NOT NULL,
	call_id text,
	principal text,
	agent text,
	conversation text,
	model text,
	data_class text,
	decision text,
	outcome text,
	target text,
	cost_micro bigint,
	tokens_in bigint,
	tokens_out bigint,
	PRIMARY KEY (origin, i)
);
CREATE INDEX IF NOT EXISTS kt_record_ts ON kt_record (ts);
CREATE INDEX IF NOT EXISTS kt_record_call ON kt_record (call_id);
CREATE INDEX IF NOT EXISTS kt_record_principal ON kt_record (principal, ts);

CREATE TABLE IF NOT EXISTS kt_checkpoint (
	origin text NOT NULL REFERENCES kt_log,
	at bigint NOT NULL,            -- its byte in the file `checkpoints`
	size bigint NOT NULL,
	note text NOT NULL,
	PRIMARY KEY (origin, at)
);

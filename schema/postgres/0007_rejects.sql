-- SPDX-License-Identifier: GPL-3.0-or-later
-- An import asks after each batch which of its values were rejected. The key finds a tenant's rejects only all at once, and they
-- are never dropped.
create index ingest_rejects_batch on atlas.ingest_rejects (tenant_id, batch_id, reject_id);

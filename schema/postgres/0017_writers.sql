-- SPDX-License-Identifier: GPL-3.0-or-later
-- Writers write through ingest_batch, which has its owner's rights: what they could do to the tables without it they need no
-- longer. A sender whose password leaks can add observations to its tenants; it cannot change history, values or the ledger.
revoke insert, update on atlas.entities, atlas.attributes, atlas.attribute_values, atlas.entity_hot from atlas_ingest;
revoke delete on atlas.entity_hot from atlas_ingest;
revoke insert on atlas.attribute_events, atlas.ingest_batches, atlas.ingest_rejects, atlas.attribute_writes from atlas_ingest;
grant update (unit, description) on atlas.attributes to atlas_ingest;

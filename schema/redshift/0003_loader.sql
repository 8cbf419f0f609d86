-- SPDX-License-Identifier: GPL-3.0-or-later
-- What fills the warehouse: its role, room for what it brings, and what each column holds. Not run on a Redshift cluster
-- by this project. Run it outside a transaction block: Redshift widens no column inside one.

-- PostgreSQL's numeric prints up to 131072 digits before the point and 16383 after it. No varchar takes them all; this is
-- the widest. Whatever fills the tables leaves value_exact null where the text is longer: cut, it would be another number.
-- Such a number is beyond every float8, so its value_num is Infinity or -Infinity: filters know it as larger or smaller
-- than every ordinary number; what is lost is its digits.
alter table atlas.attribute_values alter column value_exact type varchar(65535);
alter table atlas.attribute_events alter column value_exact type varchar(65535);

-- value_long is as wide as Redshift has it already. Whatever fills the tables cuts a longer text after the last whole
-- character that fits (COPY: TRUNCATECOLUMNS): it is shown cut, and a filter on the whole text, or on what lies behind
-- the cut, does not find it here. On PostgreSQL it does.

-- Row security filters the rows that UPDATE and DELETE see, not INSERT and COPY: without IGNORE RLS a change stream would
-- change nothing, and say nothing. Give the role to the user of the change stream: grant role atlas_loader to …
create role atlas_loader;
grant ignore rls to role atlas_loader;
grant usage on schema atlas to role atlas_loader;
grant select, insert, update, delete on atlas.tenants, atlas.tenant_access, atlas.entities, atlas.attributes,
    atlas.attribute_values, atlas.attribute_events, atlas.heartbeat
    to role atlas_loader;

comment on table atlas.tenants is 'Copy of the tenants of the primary.';
comment on column atlas.tenants.tenant_id is 'Leads every key of every other table.';
comment on column atlas.tenants.name is 'Unique name for people and for the command line.';
comment on column atlas.tenants.isolation is 'As on the primary: shared, partition, schema or database. Here all tenants lie together.';
comment on column atlas.tenants.created_at is 'When the tenant was added, by the primary''s clock.';

comment on table atlas.tenant_access is 'Copy of tenant_access of the primary: the source of row security here, too.';
comment on column atlas.tenant_access.tenant_id is 'The tenant that is opened.';
comment on column atlas.tenant_access.login is 'Login (current_user), compared exactly.';
comment on column atlas.tenant_access.granted_by is 'Login that granted it.';
comment on column atlas.tenant_access.granted_at is 'When it was granted.';

comment on table atlas.entities is 'Copy of the entities of the primary.';
comment on column atlas.entities.tenant_id is 'Owner of the asset.';
comment on column atlas.entities.entity_id is 'Internal number, never reused; the keyset that results are paged by.';
comment on column atlas.entities.external_id is 'The platform''s own identifier, unique within the tenant.';
comment on column atlas.entities.entity_type is 'Kind of asset (truck, turbine); filtered as entity.type.';
comment on column atlas.entities.name is 'Name for people; filtered as entity.name.';
comment on column atlas.entities.created_at is 'When it was first seen, by the primary''s clock.';

comment on table atlas.attributes is 'Copy of the attribute catalogue of the primary.';
comment on column atlas.attributes.tenant_id is 'Attributes belong to a tenant: the same name may mean something else elsewhere.';
comment on column atlas.attributes.attribute_id is 'Number used in keys and indexes.';
comment on column atlas.attributes.name is 'Name as it was sent, any Unicode but NUL.';
comment on column atlas.attributes.value_type is '1 string, 2 number, 3 boolean, 4 timestamp, 5 json. Set by the first value, then fixed.';
comment on column atlas.attributes.unit is 'Unit for display.';
comment on column atlas.attributes.description is 'What it means, for people.';
comment on column atlas.attributes.state is 'cold: covering indexes only; warming: also written to entity_hot; hot: may be read from it; cooling: being removed.';
comment on column atlas.attributes.state_changed_at is 'When state became what it is.';
comment on column atlas.attributes.created_at is 'When the first value arrived.';

comment on table atlas.attribute_values is 'Copy of the current values of the primary.';
comment on column atlas.attribute_values.entity_id is 'The asset.';
comment on column atlas.attribute_values.observed_at is 'When the value was observed, by the sender. The newest wins.';
comment on column atlas.attribute_values.value_num is 'Search key: number (nearest float8), boolean (0 or 1), timestamp (microseconds since 1970 UTC).';
comment on column atlas.attribute_values.tenant_id is 'Owner of the asset.';
comment on column atlas.attribute_values.attribute_id is 'The attribute.';
comment on column atlas.attribute_values.value_text is 'Search key: the first 256 characters of a string or of compact JSON text.';
comment on column atlas.attribute_values.value_exact is 'The number exactly as sent, as text, where the shortest text of value_num is not already that. Null where that text is longer than 65535 bytes.';
comment on column atlas.attribute_values.value_long is 'The whole text where it is longer than 256 characters, cut after the last whole character within 65535 bytes; a timestamp as sent where it was not in canonical form.';
comment on column atlas.attribute_values.value_json is 'The document itself, of an attribute of type json. Null where it does not fit into SUPER.';

comment on table atlas.attribute_events is 'Copy of the history of the primary.';
comment on column atlas.attribute_events.entity_id is 'The asset.';
comment on column atlas.attribute_events.observed_at is 'When the value was observed, by the sender.';
comment on column atlas.attribute_events.value_num is 'As in attribute_values.';
comment on column atlas.attribute_events.tenant_id is 'Owner of the asset.';
comment on column atlas.attribute_events.attribute_id is 'The attribute.';
comment on column atlas.attribute_events.value_text is 'As in attribute_values.';
comment on column atlas.attribute_events.value_exact is 'As in attribute_values.';
comment on column atlas.attribute_events.value_long is 'As in attribute_values.';
comment on column atlas.attribute_events.value_json is 'As in attribute_values.';

comment on table atlas.heartbeat is 'The heartbeat of the primary as it arrived here.';
comment on column atlas.heartbeat.id is 'Always 1.';
comment on column atlas.heartbeat.seq is 'Counts the beats.';
comment on column atlas.heartbeat.beat_at is 'The primary''s clock when it beat.';
comment on column atlas.heartbeat.lsn is 'WAL position of the primary when it beat, as text.';

-- SPDX-License-Identifier: GPL-3.0-or-later
-- The local warehouse: PostgreSQL standing in for Redshift, fed by logical replication. The same tables as in ../, with
-- PostgreSQL's types, so that the publication's columns fit; indexes take the place of distribution and sort keys.

create table atlas.tenants (
    tenant_id  integer primary key,
    name       text collate "C" not null,
    isolation  text not null,
    created_at timestamptz not null
);
comment on table atlas.tenants is 'Copy of the primary''s tenants.';

create table atlas.tenant_access (
    tenant_id  integer not null,
    login      name not null,
    granted_by name not null,
    granted_at timestamptz not null,
    primary key (tenant_id, login)
);
comment on table atlas.tenant_access is 'Copy of the primary''s tenant_access: the source of row security here, too.';

create table atlas.entities (
    tenant_id   integer not null,
    entity_id   bigint not null,
    external_id text collate "C" not null,
    entity_type text collate "C" not null,
    name        text collate "C" not null,
    created_at  timestamptz not null,
    primary key (tenant_id, entity_id)
);
comment on table atlas.entities is 'Copy of the primary''s entities.';

create table atlas.attributes (
    tenant_id        integer not null,
    attribute_id     integer not null,
    name             text collate "C" not null,
    value_type       smallint not null,
    unit             text not null,
    description      text not null,
    state            text not null,
    state_changed_at timestamptz not null,
    created_at       timestamptz not null,
    primary key (tenant_id, attribute_id)
);
comment on table atlas.attributes is 'Copy of the primary''s attribute catalogue.';

create table atlas.attribute_values (
    entity_id    bigint not null,
    observed_at  timestamptz not null,
    value_num    double precision,
    tenant_id    integer not null,
    attribute_id integer not null,
    value_text   text collate "C",
    value_exact  numeric,
    value_long   text collate "C",
    primary key (tenant_id, entity_id, attribute_id)
);
create index attribute_values_num on atlas.attribute_values (tenant_id, attribute_id, value_num, entity_id)
    include (value_exact) where value_num is not null;
create index attribute_values_text on atlas.attribute_values (tenant_id, attribute_id, value_text, entity_id)
    where value_text is not null;
comment on table atlas.attribute_values is 'Copy of the primary''s current values.';

create table atlas.attribute_events (
    entity_id    bigint not null,
    observed_at  timestamptz not null,
    value_num    double precision,
    tenant_id    integer not null,
    attribute_id integer not null,
    value_text   text collate "C",
    value_exact  numeric,
    value_long   text collate "C",
    primary key (tenant_id, entity_id, attribute_id, observed_at)
);
create index attribute_events_time on atlas.attribute_events using brin (observed_at);
comment on table atlas.attribute_events is 'Copy of the primary''s history.';

create table atlas.heartbeat (
    id      smallint primary key,
    seq     bigint not null,
    beat_at timestamptz not null,
    lsn     pg_lsn not null
);
comment on table atlas.heartbeat is 'The primary''s heartbeat as it arrived here.';

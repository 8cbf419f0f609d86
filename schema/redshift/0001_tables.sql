-- SPDX-License-Identifier: GPL-3.0-or-later
-- The warehouse on Amazon Redshift: what the change stream fills and analysts query. Written for Redshift's own SQL; it
-- has not been run on a Redshift cluster by this project. The local stand-in runs local/0001_tables.sql instead.
--
-- DISTKEY (entity_id): the values of one entity lie on one slice, so that clauses of a filter join without moving rows.
-- SORTKEY (tenant_id, attribute_id, …): zone maps skip the blocks of other tenants and attributes.
-- Keys are informational on Redshift; the change stream keeps them.

create schema if not exists atlas;

create table atlas.tenants (
    tenant_id  integer not null encode az64,
    name       varchar(800) not null encode zstd,
    isolation  varchar(20) not null encode bytedict,
    created_at timestamptz not null encode az64,
    primary key (tenant_id)
) diststyle all;

create table atlas.tenant_access (
    tenant_id  integer not null encode az64,
    login      varchar(128) not null encode zstd,
    granted_by varchar(128) not null encode zstd,
    granted_at timestamptz not null encode az64,
    primary key (tenant_id, login)
) diststyle all;

create table atlas.entities (
    tenant_id   integer not null encode az64,
    entity_id   bigint not null encode az64 distkey,
    external_id varchar(2000) not null encode zstd,
    entity_type varchar(800) not null encode bytedict,
    name        varchar(2000) not null encode zstd,
    created_at  timestamptz not null encode az64,
    primary key (tenant_id, entity_id)
) sortkey (tenant_id, entity_id);

create table atlas.attributes (
    tenant_id        integer not null encode az64,
    attribute_id     integer not null encode az64,
    name             varchar(2000) not null encode zstd,
    value_type       smallint not null encode az64,
    unit             varchar(200) not null encode zstd,
    description      varchar(65535) not null encode zstd,
    state            varchar(10) not null encode bytedict,
    state_changed_at timestamptz not null encode az64,
    created_at       timestamptz not null encode az64,
    primary key (tenant_id, attribute_id)
) diststyle all;

-- value_exact: the number as sent, as text: Redshift's numeric ends at 38 digits. value_json: the document itself, for
-- PartiQL, where the attribute is of type json.
create table atlas.attribute_values (
    entity_id    bigint not null encode az64 distkey,
    observed_at  timestamptz not null encode az64,
    value_num    double precision encode zstd,
    tenant_id    integer not null encode raw,
    attribute_id integer not null encode raw,
    value_text   varchar(1024) encode zstd,
    value_exact  varchar(1100) encode zstd,
    value_long   varchar(65535) encode zstd,
    value_json   super,
    primary key (tenant_id, entity_id, attribute_id)
) compound sortkey (tenant_id, attribute_id, value_num);

create table atlas.attribute_events (
    entity_id    bigint not null encode az64 distkey,
    observed_at  timestamptz not null encode raw,
    value_num    double precision encode zstd,
    tenant_id    integer not null encode raw,
    attribute_id integer not null encode az64,
    value_text   varchar(1024) encode zstd,
    value_exact  varchar(1100) encode zstd,
    value_long   varchar(65535) encode zstd,
    value_json   super
) compound sortkey (tenant_id, observed_at);

create table atlas.heartbeat (
    id      smallint not null,
    seq     bigint not null,
    beat_at timestamptz not null,
    lsn     varchar(20) not null
) diststyle all;

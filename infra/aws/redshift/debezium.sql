-- SPDX-License-Identifier: GPL-3.0-or-later
-- cdc_mode = debezium: what Redshift reads of Kafka, and views that show of every row the newest change. They take the place
-- of the tables of schema/redshift/0001_tables.sql, with the same names and columns; roles and grants are at the end.
-- Parsed as Redshift SQL by eye, never run on Redshift.
--
-- Run as the administrator in the database atlas, outside a transaction block, after replacing ROLE_ARN and BROKERS by the
-- outputs redshift_role_arn and kafka_bootstrap:
--   psql … -v role="'ROLE_ARN'" -v brokers="'BROKERS'" -f debezium.sql
--
-- The stream says everything at least once, after a restart of the connector some of it again: the highest LSN of a key is
-- its newest state, and the highest offset among equals. A deletion is a document with __deleted.
-- The streaming views keep every change: see "Where it breaks" in infra/aws/README.md.

create external schema atlas_kafka from msk iam_role :role authentication iam uri :brokers;

create schema if not exists atlas;
create schema if not exists atlas_stream;

create materialized view atlas_stream.tenants auto refresh yes as
    select kafka_partition, kafka_offset, refresh_time, json_parse(kafka_value) as doc
      from atlas_kafka."atlas.atlas.tenants"
     where can_json_parse(kafka_value);

create materialized view atlas_stream.tenant_access auto refresh yes as
    select kafka_partition, kafka_offset, refresh_time, json_parse(kafka_value) as doc
      from atlas_kafka."atlas.atlas.tenant_access"
     where can_json_parse(kafka_value);

create materialized view atlas_stream.entities auto refresh yes as
    select kafka_partition, kafka_offset, refresh_time, json_parse(kafka_value) as doc
      from atlas_kafka."atlas.atlas.entities"
     where can_json_parse(kafka_value);

create materialized view atlas_stream.attributes auto refresh yes as
    select kafka_partition, kafka_offset, refresh_time, json_parse(kafka_value) as doc
      from atlas_kafka."atlas.atlas.attributes"
     where can_json_parse(kafka_value);

create materialized view atlas_stream.attribute_values auto refresh yes as
    select kafka_partition, kafka_offset, refresh_time, json_parse(kafka_value) as doc
      from atlas_kafka."atlas.atlas.attribute_values"
     where can_json_parse(kafka_value);

create materialized view atlas_stream.attribute_events auto refresh yes as
    select kafka_partition, kafka_offset, refresh_time, json_parse(kafka_value) as doc
      from atlas_kafka."atlas.atlas.attribute_events"
     where can_json_parse(kafka_value);

create materialized view atlas_stream.heartbeat auto refresh yes as
    select kafka_partition, kafka_offset, refresh_time, json_parse(kafka_value) as doc
      from atlas_kafka."atlas.atlas.heartbeat"
     where can_json_parse(kafka_value);

-- What the login may see. tenant_access itself is granted to nobody.
create view atlas.tenant_access as
    select tenant_id, login, granted_by, granted_at
      from (select doc.tenant_id::integer as tenant_id, doc.login::varchar(128) as login, doc.granted_by::varchar(128) as granted_by,
                   doc.granted_at::varchar(40)::timestamptz as granted_at, doc."__deleted"::varchar(5) as deleted,
                   row_number() over (partition by doc.tenant_id::integer, doc.login::varchar(128)
                                      order by doc."__lsn"::bigint desc, kafka_offset desc) as age
              from atlas_stream.tenant_access) newest
     where age = 1 and deleted <> 'true';

create view atlas.tenants as
    select tenant_id, name, isolation, created_at
      from (select doc.tenant_id::integer as tenant_id, doc.name::varchar(800) as name,
                   doc.isolation::varchar(20) as isolation, doc.created_at::varchar(40)::timestamptz as created_at,
                   doc."__deleted"::varchar(5) as deleted,
                   row_number() over (partition by doc.tenant_id::integer
                                      order by doc."__lsn"::bigint desc, kafka_offset desc) as age
              from atlas_stream.tenants
             where doc.tenant_id::integer in (select a.tenant_id from atlas.tenant_access a where a.login = current_user)) newest
     where age = 1 and deleted <> 'true';

create view atlas.entities as
    select tenant_id, entity_id, external_id, entity_type, name, created_at
      from (select doc.tenant_id::integer as tenant_id, doc.entity_id::bigint as entity_id,
                   doc.external_id::varchar(2000) as external_id, doc.entity_type::varchar(800) as entity_type,
                   doc.name::varchar(2000) as name, doc.created_at::varchar(40)::timestamptz as created_at,
                   doc."__deleted"::varchar(5) as deleted,
                   row_number() over (partition by doc.tenant_id::integer, doc.entity_id::bigint
                                      order by doc."__lsn"::bigint desc, kafka_offset desc) as age
              from atlas_stream.entities
             where doc.tenant_id::integer in (select a.tenant_id from atlas.tenant_access a where a.login = current_user)) newest
     where age = 1 and deleted <> 'true';

create view atlas.attributes as
    select tenant_id, attribute_id, name, value_type, unit, description, state, state_changed_at, created_at
      from (select doc.tenant_id::integer as tenant_id, doc.attribute_id::integer as attribute_id,
                   doc.name::varchar(2000) as name, doc.value_type::smallint as value_type,
                   doc.unit::varchar(200) as unit, doc.description::varchar(65535) as description,
                   doc.state::varchar(10) as state,
                   doc.state_changed_at::varchar(40)::timestamptz as state_changed_at,
                   doc.created_at::varchar(40)::timestamptz as created_at,
                   doc."__deleted"::varchar(5) as deleted,
                   row_number() over (partition by doc.tenant_id::integer, doc.attribute_id::integer
                                      order by doc."__lsn"::bigint desc, kafka_offset desc) as age
              from atlas_stream.attributes
             where doc.tenant_id::integer in (select a.tenant_id from atlas.tenant_access a where a.login = current_user)) newest
     where age = 1 and deleted <> 'true';

create view atlas.attribute_values as
    select entity_id, observed_at, value_num, tenant_id, attribute_id, value_text, value_exact, value_long, null::super as value_json
      from (select doc.entity_id::bigint as entity_id, doc.observed_at::varchar(40)::timestamptz as observed_at,
                   doc.value_num::double precision as value_num, doc.tenant_id::integer as tenant_id,
                   doc.attribute_id::integer as attribute_id, doc.value_text::varchar(1024) as value_text,
                   doc.value_exact::varchar(65535) as value_exact, doc.value_long::varchar(65535) as value_long,
                   doc."__deleted"::varchar(5) as deleted,
                   row_number() over (partition by doc.tenant_id::integer, doc.entity_id::bigint, doc.attribute_id::integer
                                      order by doc."__lsn"::bigint desc, kafka_offset desc) as age
              from atlas_stream.attribute_values
             where doc.tenant_id::integer in (select a.tenant_id from atlas.tenant_access a where a.login = current_user)) newest
     where age = 1 and deleted <> 'true';

create view atlas.attribute_events as
    select entity_id, observed_at, value_num, tenant_id, attribute_id, value_text, value_exact, value_long, null::super as value_json
      from (select doc.entity_id::bigint as entity_id, doc.observed_at::varchar(40)::timestamptz as observed_at,
                   doc.value_num::double precision as value_num, doc.tenant_id::integer as tenant_id,
                   doc.attribute_id::integer as attribute_id, doc.value_text::varchar(1024) as value_text,
                   doc.value_exact::varchar(65535) as value_exact, doc.value_long::varchar(65535) as value_long,
                   doc."__deleted"::varchar(5) as deleted,
                   row_number() over (partition by doc.tenant_id::integer, doc.entity_id::bigint, doc.attribute_id::integer, doc.observed_at::varchar(40)
                                      order by doc."__lsn"::bigint desc, kafka_offset desc) as age
              from atlas_stream.attribute_events
             where doc.tenant_id::integer in (select a.tenant_id from atlas.tenant_access a where a.login = current_user)) newest
     where age = 1 and deleted <> 'true';

-- Debezium leaves out columns of type pg_lsn.
create view atlas.heartbeat as
    select id, seq, beat_at, cast('' as varchar(20)) as lsn
      from (select doc.id::smallint as id, doc.seq::bigint as seq, doc.beat_at::varchar(40)::timestamptz as beat_at,
                   row_number() over (order by doc.seq::bigint desc, kafka_offset desc) as age
              from atlas_stream.heartbeat) newest
     where age = 1;

create role atlas_analyst;
create role atlas_operator;
create role atlas_admin;
grant usage on schema atlas to role atlas_analyst, role atlas_operator, role atlas_admin;
grant select on atlas.tenants, atlas.entities, atlas.attributes, atlas.attribute_values, atlas.attribute_events, atlas.heartbeat
    to role atlas_analyst, role atlas_operator, role atlas_admin;

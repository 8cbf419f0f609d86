-- SPDX-License-Identifier: GPL-3.0-or-later
-- cdc_mode = zero_etl: the integration brings the leaf partitions, each a table, into a database of their own; here they are
-- united to views that have the names and columns of schema/redshift/0001_tables.sql, in the database atlas.
-- Parsed as Redshift SQL by eye, never run on Redshift.
--
-- What to expect: tenants, attributes, entities and the heartbeat. Values and history are expected to fail, each leaf by itself: AWS's map
-- of types asks every numeric for a precision of 38 digits at most, and value_exact has none, since a number is kept exactly as it was
-- sent. unite() then says that no leaf has arrived and makes no view; svv_integration_table_state has AWS's reason. For values in the
-- warehouse use cdc_mode = debezium.
--
-- Run as the administrator in the database atlas, after replacing INTEGRATION_ID by the output integration_id. The first
-- statement runs outside a transaction block.
--
-- Call atlas.unite_all() again whenever partitions come or go: every day (history has one a day), and after a tenant has
-- moved. A scheduled query of the query editor does it. A view that names a dropped leaf is an error until then.

create database atlas_zeroetl from integration 'INTEGRATION_ID' database "atlas";

create schema if not exists atlas;

create role atlas_analyst;
create role atlas_operator;
create role atlas_admin;
grant usage on schema atlas to role atlas_analyst, role atlas_operator, role atlas_admin;

-- Makes a table's view of the leaves that have arrived, and lets people read it. Leaves are called TABLE_something. A view of more than 65535 characters cannot be put together here: some 400 leaves.
create or replace procedure atlas.unite(p_table varchar(64), p_columns varchar(2000)) as $$
declare
    leaf  record;
    parts varchar(65535) := '';
begin
    for leaf in
        select table_name from svv_all_tables
         where database_name = 'atlas_zeroetl' and schema_name = 'atlas' and left(table_name, len(p_table) + 1) = p_table || '_'
         order by table_name
    loop
        if len(parts) > 64000 then
            raise exception 'too many leaves of %', p_table;
        end if;
        if len(parts) > 0 then
            parts := parts || ' union all ';
        end if;
        parts := parts || 'select ' || p_columns || ' from atlas_zeroetl.atlas.' || quote_ident(leaf.table_name);
    end loop;
    if len(parts) = 0 then
        raise notice 'No leaf of % has arrived: atlas.% is not made. See svv_integration_table_state.', p_table, p_table;
    else
        execute 'create or replace view atlas.' || quote_ident(p_table) || ' as select * from (' || parts || ') leaves '
             || 'where tenant_id in (select a.tenant_id from atlas_zeroetl.atlas.tenant_access a where a.login = current_user) '
             || 'with no schema binding';
        execute 'grant select on atlas.' || quote_ident(p_table) || ' to role atlas_analyst, role atlas_operator, role atlas_admin';
    end if;
end;
$$ language plpgsql;

create or replace procedure atlas.unite_all() as $$
begin
    call atlas.unite('entities', 'tenant_id, entity_id, external_id, entity_type, name, created_at');
    call atlas.unite('attribute_values',
        'entity_id, observed_at, value_num, tenant_id, attribute_id, value_text, value_exact::varchar(65535) as value_exact, value_long, null::super as value_json');
    call atlas.unite('attribute_events',
        'entity_id, observed_at, value_num, tenant_id, attribute_id, value_text, value_exact::varchar(65535) as value_exact, value_long, null::super as value_json');
end;
$$ language plpgsql;

call atlas.unite_all();

create or replace view atlas.tenants as
    select tenant_id, name, isolation, created_at from atlas_zeroetl.atlas.tenants
     where tenant_id in (select a.tenant_id from atlas_zeroetl.atlas.tenant_access a where a.login = current_user)
    with no schema binding;

create or replace view atlas.attributes as
    select tenant_id, attribute_id, name, value_type, unit, description, state, state_changed_at, created_at
      from atlas_zeroetl.atlas.attributes
     where tenant_id in (select a.tenant_id from atlas_zeroetl.atlas.tenant_access a where a.login = current_user)
    with no schema binding;

create or replace view atlas.heartbeat as
    select id, seq, beat_at, lsn::varchar(20) as lsn from atlas_zeroetl.atlas.heartbeat
    with no schema binding;

grant select on atlas.tenants, atlas.attributes, atlas.heartbeat
    to role atlas_analyst, role atlas_operator, role atlas_admin;

-- To be found out before anybody is let in, since it decides whether tenants are kept apart: as an analyst,
--   select count(*) from atlas.entities;                          must answer
--   select count(*) from atlas_zeroetl.atlas.entities_shared_0;   must be refused
-- If the first is refused without a grant on the database atlas_zeroetl, do not give that grant to people: copy what they
-- need into the tables of schema/redshift, which have row security.

-- SPDX-License-Identifier: GPL-3.0-or-later
-- Roles and database of the local warehouse: a PostgreSQL server that stands in for Redshift. The same names as on the
-- primary, so that one environment's logins work at every endpoint. Run by infra/local/cluster.sh as superuser, again
-- without effect; Redshift itself never sees this file.
--
--   psql -X -v ON_ERROR_STOP=1 -d postgres [-v database=warehouse] -f schema/redshift/local/bootstrap.sql

\set ON_ERROR_STOP on
\if :{?database}
\else
  \set database warehouse
\endif
set client_min_messages = warning;

do $$
declare
    wanted record;
begin
    for wanted in
        select * from (values ('atlas_owner', 'login'), ('atlas_ingest', 'login'), ('atlas_agent', 'login'),
                              ('atlas_analyst', 'nologin'), ('atlas_operator', 'nologin'),
                              ('atlas_admin', 'nologin')) as roles (name, kind)
    loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
            execute format('create role %I %s', wanted.name, wanted.kind);
        end if;
    end loop;
end
$$;

grant pg_monitor to atlas_agent, atlas_operator, atlas_admin;

select format('create database %I owner atlas_owner encoding ''UTF8'' template template0', :'database')
 where not exists (select from pg_catalog.pg_database where datname = :'database') \gexec

revoke all on database :"database" from public;
grant connect on database :"database" to
    atlas_owner, atlas_ingest, atlas_agent, atlas_analyst, atlas_operator, atlas_admin;
alter database :"database" set search_path = atlas, public;
alter database :"database" set timezone = 'UTC';

\connect :"database"
set client_min_messages = warning;

revoke create on schema public from public;
create schema if not exists atlas authorization atlas_owner;
create extension if not exists pg_stat_statements with schema public;

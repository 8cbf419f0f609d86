-- SPDX-License-Identifier: GPL-3.0-or-later
-- What only a server's administrator can do: roles, the database, extensions. Everything else is in the numbered
-- migrations, which atlas_owner applies (atlasctl schema apply).
--
--   psql -X -v ON_ERROR_STOP=1 -d postgres [-v database=atlas] -f schema/postgres/bootstrap.sql
--
-- as a superuser, or as a member of rds_superuser on Amazon RDS and Aurora. Running it again changes nothing that is
-- already as it should be. It sets no password: give each login its own afterwards (psql: \password atlas_owner).
-- PostgreSQL 15 or later; needs the packages of pg_partman 4.7 and pg_stat_statements.

\set ON_ERROR_STOP on
\if :{?database}
\else
  \set database atlas
\endif
set client_min_messages = warning;

do $$
begin
    if current_setting('server_version_num')::int < 150000 then
        raise exception 'PostgreSQL 15 or later is needed, this is %', current_setting('server_version');
    end if;
end
$$;

-- Roles ---------------------------------------------------------------------------------------------------------------
-- Logins: atlas_owner owns the schema and applies migrations, atlas_ingest writes, atlas_agent keeps heartbeats and
-- samples, atlas_replicator feeds physical replicas, atlas_cdc reads the publication for the warehouse.
-- Groups, for people's own logins: atlas_analyst, atlas_operator, atlas_admin.
do $$
declare
    wanted record;
begin
    for wanted in
        select * from (values ('atlas_owner', 'login'), ('atlas_ingest', 'login'), ('atlas_agent', 'login'),
                              ('atlas_replicator', 'login'), ('atlas_cdc', 'login'),
                              ('atlas_analyst', 'nologin'), ('atlas_operator', 'nologin'),
                              ('atlas_admin', 'nologin')) as roles (name, kind)
    loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
            execute format('create role %I %s', wanted.name, wanted.kind);
        end if;
    end loop;
end
$$;

-- See every session's statement, slots and replication state, without seeing any data by it.
grant pg_monitor to atlas_agent, atlas_operator, atlas_admin;

-- Replication is an attribute of a role that only a superuser gives; RDS and Aurora have a role for it instead.
-- atlas_cdc copies whole tables: row security would empty the first copy. A superuser exempts it here; elsewhere the
-- policies of 0006_publication.sql let it read, and nothing else.
do $$
begin
    if (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        alter role atlas_replicator replication;
        alter role atlas_cdc replication bypassrls;
    elsif exists (select from pg_catalog.pg_roles where rolname = 'rds_replication') then
        grant rds_replication to atlas_cdc;
    else
        raise warning 'neither a superuser nor on RDS: atlas_cdc and atlas_replicator did not get the right to replicate';
    end if;
    -- Without being superuser, one must be a member of a role to create something that it owns.
    if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        execute format('grant atlas_owner to %I', current_user);
    end if;
end
$$;

-- Database ------------------------------------------------------------------------------------------------------------
select format('create database %I owner atlas_owner encoding ''UTF8'' template template0', :'database')
 where not exists (select from pg_catalog.pg_database where datname = :'database') \gexec

revoke all on database :"database" from public;
grant connect on database :"database" to
    atlas_owner, atlas_ingest, atlas_agent, atlas_cdc, atlas_analyst, atlas_operator, atlas_admin;
-- Writers COPY into a temporary table first.
grant temporary on database :"database" to atlas_ingest, atlas_agent;

-- Names of the console's objects need no prefix; functions that run with their owner's rights set a path of their own.
alter database :"database" set search_path = atlas, public;
-- Statements here are short and touch many partitions: compiling them costs more than it saves.
alter database :"database" set jit = off;
alter database :"database" set timezone = 'UTC';

\connect :"database"
set client_min_messages = warning;

revoke create on schema public from public;

create schema if not exists atlas authorization atlas_owner;

-- Extensions ----------------------------------------------------------------------------------------------------------
create schema if not exists partman;
create extension if not exists pg_partman with schema partman;
create extension if not exists pg_stat_statements with schema public;

-- atlas_owner creates and maintains partitions itself.
grant all on schema partman to atlas_owner;
grant all on all tables in schema partman to atlas_owner;
grant all on all sequences in schema partman to atlas_owner;
grant execute on all functions in schema partman to atlas_owner;
grant execute on all procedures in schema partman to atlas_owner;

-- What the server must be told elsewhere (postgresql.conf, or the parameter group) -----------------------------------
do $$
begin
    if (select extversion from pg_extension where extname = 'pg_partman') !~ '^4\.' then
        raise warning 'pg_partman is %: the migrations are written for version 4.7',
            (select extversion from pg_extension where extname = 'pg_partman');
    end if;
    if current_setting('wal_level') <> 'logical' then
        raise warning 'wal_level is %: the warehouse can be fed only with wal_level = logical (RDS, Aurora: rds.logical_replication = 1)',
            current_setting('wal_level');
    end if;
    if current_setting('shared_preload_libraries') !~ '\mpg_stat_statements\M' then
        raise warning 'pg_stat_statements is not in shared_preload_libraries: the console cannot show the slowest statements';
    end if;
    if current_setting('max_slot_wal_keep_size') = '-1' then
        raise warning 'max_slot_wal_keep_size is unlimited: a forgotten replication slot can fill the disk';
    end if;
end
$$;

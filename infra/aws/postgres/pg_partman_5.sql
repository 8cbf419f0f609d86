-- SPDX-License-Identifier: GPL-3.0-or-later
-- For servers that offer pg_partman 5 only (Aurora PostgreSQL 16.4 and later). The migrations are written for version 4.7,
-- whose create_parent() and create_partition_time() take other arguments. Here version 5 gets a schema of its own, and the
-- schema "partman" becomes what the migrations call, in version 5's terms.
--   psql … -d atlas -X -v ON_ERROR_STOP=1 -f pg_partman_5.sql
-- as the administrator, after schema/postgres/bootstrap.sql and before the first `atlasctl schema apply`.
--
-- Tried on PostgreSQL 15 with all migrations and atlas.maintain(), on functions with version 5's signatures over version
-- 4.7; not with version 5 itself.

begin;

do $$
begin
    if (select extversion from pg_extension where extname = 'pg_partman') !~ '^5\.' then
        raise exception 'this is for pg_partman 5; here is %', (select extversion from pg_extension where extname = 'pg_partman');
    end if;
    if to_regclass('atlas.attribute_events') is not null then
        raise exception 'too late: the schema is there already';
    end if;
end
$$;

drop extension pg_partman;
create schema if not exists partman5;
create extension pg_partman with schema partman5;
grant all on schema partman5 to atlas_owner;
grant all on all tables in schema partman5 to atlas_owner;
grant all on all sequences in schema partman5 to atlas_owner;
grant execute on all functions in schema partman5 to atlas_owner;
grant execute on all procedures in schema partman5 to atlas_owner;

create view partman.part_config as select * from partman5.part_config;

create function partman.create_parent(p_parent_table text, p_control text, p_type text, p_interval text, p_premake integer)
    returns boolean language plpgsql as $$
begin
    if p_type <> 'native' or p_interval <> 'daily' then
        raise exception 'no % partitions of type % with pg_partman 5', p_interval, p_type;
    end if;
    return partman5.create_parent(p_parent_table => p_parent_table, p_control => p_control, p_interval => '1 day',
                                  p_type => 'range', p_premake => p_premake);
end
$$;

create function partman.create_partition_time(p_parent_table text, p_partition_times timestamptz[], p_analyze boolean)
    returns boolean language plpgsql as $$
begin
    if p_analyze then
        raise exception 'pg_partman 5 does not analyze';
    end if;
    return partman5.create_partition_time(p_parent_table => p_parent_table, p_partition_times => p_partition_times);
end
$$;

create function partman.show_partitions(p_parent_table text, p_order text)
    returns table (partition_schemaname text, partition_tablename text) language sql stable as $$
    select s.partition_schemaname, s.partition_tablename from partman5.show_partitions(p_parent_table, p_order) s
$$;

create function partman.show_partition_info(p_child_table text, p_partition_interval text, p_parent_table text,
                                            out child_start_time timestamptz, out child_end_time timestamptz)
    language sql stable as $$
    select i.child_start_time, i.child_end_time
      from partman5.show_partition_info(p_child_table, p_partition_interval, p_parent_table) i
$$;

create function partman.run_maintenance(p_parent_table text) returns void language plpgsql as $$
begin
    perform partman5.run_maintenance(p_parent_table);
end
$$;

grant all on all tables in schema partman to atlas_owner;
grant execute on all functions in schema partman to atlas_owner;

commit;

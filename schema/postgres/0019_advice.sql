-- SPDX-License-Identifier: GPL-3.0-or-later
-- Which attributes to promote: filters note what they compare for equality and how long they took; the advice adds that up.

-- What a login notes of itself cannot spoil the sums: no time below zero, none that is no number, no row beyond reason.
alter table atlas.filter_usage
    add constraint filter_usage_time check (milliseconds between 0 and 1e9) not valid,
    add constraint filter_usage_size check (octet_length(filter) <= 8192 and cardinality(attributes) <= 1000
                                            and octet_length(endpoint) <= 256) not valid;
create index filter_usage_at on atlas.filter_usage (tenant_id, at);

comment on column atlas.filter_usage.filter is 'Its shape: the text form with ? for every value, at most 4,000 characters.';
comment on column atlas.filter_usage.attributes is 'Attributes that it compares for equality, where the hot set could answer.';
comment on column atlas.filter_usage.milliseconds is 'Time until its first rows, or its count, were there.';
comment on column atlas.filter_usage.rows is 'Rows that came back, or the count; null where the count ran out of time.';

-- Security invoker: row security shows a login the filters of its tenants alone.
create function atlas.hot_set_candidates(p_tenant integer, p_days integer,
                                         out attribute_id integer, out filters bigint, out combined bigint, out milliseconds double precision,
                                         out last_at timestamptz, out entities_with bigint, out distinct_values bigint,
                                         out write_rate double precision)
    returns setof record
    language sql stable set search_path = atlas, pg_temp as $$
    -- Few combinations of attributes recur in many filters.
    with runs as (
        select u.attributes, count(*) as filters, sum(u.milliseconds) as milliseconds, max(u.at) as last_at
          from filter_usage u
         where u.tenant_id = p_tenant and u.at > now() - make_interval(days => p_days)
         group by u.attributes
    ), sums as (
        select i.attribute_id, sum(r.filters)::bigint as filters,
               coalesce(sum(r.filters) filter (where cardinality(r.attributes) > 1), 0)::bigint as combined,
               sum(r.milliseconds) as milliseconds, max(r.last_at) as last_at
          from runs r, lateral (select distinct n as attribute_id from unnest(r.attributes) n) i
         group by 1
    )
    select a.attribute_id, s.filters, s.combined, s.milliseconds, s.last_at, t.entities_with, t.distinct_values, t.write_rate
      from sums s
      join attributes a on a.tenant_id = p_tenant and a.attribute_id = s.attribute_id
      left join attribute_stats t on t.tenant_id = a.tenant_id and t.attribute_id = a.attribute_id
     order by s.milliseconds desc, s.filters desc, a.attribute_id
$$;
comment on function atlas.hot_set_candidates(integer, integer) is 'Attributes that filters compared for equality in the last p_days, those first in whose filters most time was spent: how many filters, how many of them compared another one as well, their time together, and what the attribute is written a second.';

create function atlas.forget_filter_usage(p_days integer, p_most integer) returns bigint
    language plpgsql security definer set search_path = atlas, pg_temp as $$
declare
    forgotten bigint;
begin
    with old as (
        select o.tenant_id, o.usage_id
          from tenants t,
               lateral (select u.tenant_id, u.usage_id from filter_usage u
                         where u.tenant_id = t.tenant_id and u.at < clock_timestamp() - make_interval(days => p_days)
                         order by u.at limit p_most) o
         limit p_most
    )
    delete from filter_usage u using old where u.tenant_id = old.tenant_id and u.usage_id = old.usage_id;
    get diagnostics forgotten = row_count;
    return forgotten;
end $$;
comment on function atlas.forget_filter_usage(integer, integer) is 'Deletes up to p_most rows of filter_usage that are older than p_days; returns how many.';

revoke execute on function atlas.hot_set_candidates(integer, integer), atlas.forget_filter_usage(integer, integer) from public;
grant execute on function atlas.hot_set_candidates(integer, integer) to atlas_analyst, atlas_operator, atlas_admin;
grant execute on function atlas.forget_filter_usage(integer, integer) to atlas_agent;

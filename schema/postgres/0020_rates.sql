-- SPDX-License-Identifier: GPL-3.0-or-later
-- How much is written of each attribute changes every few seconds, what it holds a few times a day: two kilobytes of common
-- values and bounds were written anew with each round of the agent, and read to find what had changed. The figures that change
-- get a table of their own.

create table atlas.attribute_rates (
    tenant_id    integer not null,
    attribute_id integer not null,
    writes_since bigint not null default 0,
    write_rate   double precision not null default 0,
    primary key (tenant_id, attribute_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0);
comment on table atlas.attribute_rates is 'What was written of each attribute: a row since its first value, brought up to date with every round of the agent.';
comment on column atlas.attribute_rates.tenant_id is 'Owner of the attribute.';
comment on column atlas.attribute_rates.attribute_id is 'The attribute.';
comment on column atlas.attribute_rates.writes_since is 'Current values written since attribute_stats was measured; at least 1 where that is not known.';
comment on column atlas.attribute_rates.write_rate is 'Current values written a second, averaged over some five minutes.';

-- What was never measured is waited for by its row here.
insert into atlas.attribute_rates (tenant_id, attribute_id, writes_since, write_rate)
    select a.tenant_id, a.attribute_id, coalesce(s.writes_since, 1), coalesce(s.write_rate, 0)
      from atlas.attributes a
      left join atlas.attribute_stats s on s.tenant_id = a.tenant_id and s.attribute_id = a.attribute_id;
alter table atlas.attribute_stats drop column writes_since, drop column write_rate, set (fillfactor = 90);

alter table atlas.attribute_rates enable row level security;
create policy granted_tenants on atlas.attribute_rates for select to atlas_analyst, atlas_operator, atlas_admin
    using (tenant_id = any ((select atlas.my_tenants())::integer[]));
create policy services on atlas.attribute_rates to atlas_agent using (true) with check (true);
grant select on atlas.attribute_rates to atlas_analyst, atlas_operator, atlas_admin, atlas_agent;

do $migration$
declare
    change record;
    body   text;
begin
    for change in select * from (values
        ('measure_attributes', 1, 'sampled_entities = excluded.sampled_entities, writes_since = 0,', 'sampled_entities = excluded.sampled_entities,'),
        ('measure_attributes', 1, 'get diagnostics written = row_count;', $$get diagnostics written = row_count;
    -- In the order in which the agent adds up, so that the two cannot deadlock.
    update attribute_rates r set writes_since = 0
      from (select o.attribute_id from attribute_rates o
             where o.tenant_id = p_tenant and (p_attribute is null or o.attribute_id = p_attribute) and o.writes_since <> 0
             order by o.attribute_id for update) due
     where r.tenant_id = p_tenant and r.attribute_id = due.attribute_id;$$),
        ('note_attribute_writes', 1, $$        update attribute_stats set writes_since = 1 where writes_since = 0;
$$, $$        insert into attribute_rates as r (tenant_id, attribute_id, writes_since)
            select a.tenant_id, a.attribute_id, 1 from attributes a order by 1, 2
            on conflict (tenant_id, attribute_id) do update set writes_since = 1 where r.writes_since = 0;
$$),
        ('note_attribute_writes', 1, $$        update attribute_stats a
           set writes_since = a.writes_since + coalesce(s.writes, 0),
               write_rate = case when s.writes is null and a.write_rate < 0.001 then 0
                                 else a.write_rate * exp(-seconds / 300) + coalesce(s.writes, 0) / seconds * (1 - exp(-seconds / 300)) end
          from attribute_stats b
          left join summed s on s.tenant_id = b.tenant_id and s.attribute_id = b.attribute_id
         where a.tenant_id = b.tenant_id and a.attribute_id = b.attribute_id and (s.writes is not null or b.write_rate > 0)
$$, $$        insert into attribute_rates as r (tenant_id, attribute_id, writes_since, write_rate)
            select tenant_id, attribute_id, coalesce(s.writes, 0),
                   case when s.writes is null and k.write_rate < 0.001 then 0
                        else coalesce(k.write_rate, 0) * exp(-seconds / 300) + coalesce(s.writes, 0) / seconds * (1 - exp(-seconds / 300)) end
              from summed s
              full join attribute_rates k using (tenant_id, attribute_id)
             where attribute_id > 0 and (s.writes is not null or k.write_rate > 0)
             order by tenant_id, attribute_id
            on conflict (tenant_id, attribute_id) do update
               set writes_since = r.writes_since + excluded.writes_since, write_rate = excluded.write_rate
$$),
        -- Goes through the rates, which are small: what was written since, or never measured.
        ('refresh_stale_stats', 1, $$               s.entities_with + s.writes_since as rows
          from attributes a
          join entity_field_stats f on f.tenant_id = a.tenant_id and f.field = 'type'
          left join attribute_stats s on s.tenant_id = a.tenant_id and s.attribute_id = a.attribute_id
         where s.tenant_id is null
            or (s.writes_since > 0.1 * s.entities_with and s.measured_at < clock_timestamp() - interval '5 minutes')
            or (s.writes_since > 0 and s.measured_at < clock_timestamp() - interval '1 day')
         order by s.tenant_id is not null, s.writes_since / greatest(s.entities_with, 1)::double precision desc, a.tenant_id loop
$$, $$               s.entities_with + a.writes_since as rows
          from attribute_rates a
          join entity_field_stats f on f.tenant_id = a.tenant_id and f.field = 'type'
          left join attribute_stats s on s.tenant_id = a.tenant_id and s.attribute_id = a.attribute_id
         where a.writes_since > 0
           and (s.tenant_id is null
                or (a.writes_since > 0.1 * s.entities_with and s.measured_at < clock_timestamp() - interval '5 minutes')
                or s.measured_at < clock_timestamp() - interval '1 day')
         order by s.tenant_id is not null, a.writes_since / greatest(s.entities_with, 1)::double precision desc, a.tenant_id loop
$$),
        ('hot_set_candidates', 1, $$t.write_rate
      from sums s
      join attributes a on a.tenant_id = p_tenant and a.attribute_id = s.attribute_id
      left join attribute_stats t on t.tenant_id = a.tenant_id and t.attribute_id = a.attribute_id$$, $$coalesce(r.write_rate, case when t.tenant_id is not null then 0 end)
      from sums s
      join attributes a on a.tenant_id = p_tenant and a.attribute_id = s.attribute_id
      left join attribute_stats t on t.tenant_id = a.tenant_id and t.attribute_id = a.attribute_id
      left join attribute_rates r on r.tenant_id = a.tenant_id and r.attribute_id = a.attribute_id$$),
        -- A hot value that is sent again as it was changes no document: no row version, nothing in the index of documents.
        ('ingest_batch', 3, 'do update set doc = h.doc || excluded.doc', 'do update set doc = h.doc || excluded.doc where h.doc || excluded.doc <> h.doc')
        ) c (name, times, old, new) loop
        body := pg_get_functiondef(format('atlas.%I', change.name)::regproc);
        if (length(body) - length(replace(body, change.old, ''))) / length(change.old) <> change.times then
            raise '% is not as 0019 left it: %', change.name, change.old;
        end if;
        execute replace(body, change.old, change.new);
    end loop;
end $migration$;

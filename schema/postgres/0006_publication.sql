-- SPDX-License-Identifier: GPL-3.0-or-later
-- The change stream to the warehouse: one stream per table, whatever its partitions.
create publication atlas_warehouse
    for table atlas.tenants, atlas.tenant_access, atlas.entities, atlas.attributes, atlas.attribute_values, atlas.attribute_events,
              atlas.heartbeat
    with (publish_via_partition_root = true);
grant select on atlas.tenants, atlas.tenant_access, atlas.entities, atlas.attributes, atlas.attribute_values, atlas.attribute_events,
                atlas.heartbeat to atlas_cdc;
-- The initial copy reads as atlas_cdc.
do $$
declare
    t text;
begin
    foreach t in array array['tenants', 'tenant_access', 'entities', 'attributes', 'attribute_values', 'attribute_events'] loop
        execute format('create policy change_stream on atlas.%I for select to atlas_cdc using (true)', t);
    end loop;
end $$;
grant usage on schema atlas to atlas_cdc;

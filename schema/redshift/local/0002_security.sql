-- SPDX-License-Identifier: GPL-3.0-or-later
-- The same rule as on the primary: a login sees the tenants that tenant_access grants it.
do $$
declare
    t text;
begin
    execute 'alter table atlas.tenant_access enable row level security';
    execute 'create policy own_access on atlas.tenant_access for select using (login = session_user)';
    foreach t in array array['tenants', 'entities', 'attributes', 'attribute_values', 'attribute_events'] loop
        execute format('alter table atlas.%I enable row level security', t);
        execute format('create policy granted_tenants on atlas.%I for select
                        using (tenant_id = any (array(select a.tenant_id from atlas.tenant_access a where a.login = session_user)))', t);
    end loop;
end $$;
grant usage on schema atlas to atlas_analyst, atlas_operator, atlas_admin, atlas_agent;
grant select on atlas.tenants, atlas.tenant_access, atlas.entities, atlas.attributes, atlas.attribute_values, atlas.attribute_events
    to atlas_analyst, atlas_operator, atlas_admin;
grant select on atlas.heartbeat to atlas_analyst, atlas_operator, atlas_admin, atlas_agent;

-- SPDX-License-Identifier: GPL-3.0-or-later
-- Row security on Amazon Redshift: a login sees the tenants that tenant_access grants it. Not run on a Redshift cluster
-- by this project.

create role atlas_analyst;
create role atlas_operator;
create role atlas_admin;

create rls policy granted_tenants
    with (tenant_id integer)
    using (tenant_id in (select a.tenant_id from atlas.tenant_access a where a.login = current_user));

-- tenant_access has no row security of its own: Redshift lets no policy read a table that has. Only the policy may read it.
grant select on atlas.tenant_access to rls policy granted_tenants;

attach rls policy granted_tenants on atlas.tenants to role atlas_analyst, role atlas_operator, role atlas_admin;
attach rls policy granted_tenants on atlas.entities to role atlas_analyst, role atlas_operator, role atlas_admin;
attach rls policy granted_tenants on atlas.attributes to role atlas_analyst, role atlas_operator, role atlas_admin;
attach rls policy granted_tenants on atlas.attribute_values to role atlas_analyst, role atlas_operator, role atlas_admin;
attach rls policy granted_tenants on atlas.attribute_events to role atlas_analyst, role atlas_operator, role atlas_admin;

alter table atlas.tenants row level security on;
alter table atlas.entities row level security on;
alter table atlas.attributes row level security on;
alter table atlas.attribute_values row level security on;
alter table atlas.attribute_events row level security on;

grant usage on schema atlas to role atlas_analyst, role atlas_operator, role atlas_admin;
grant select on atlas.tenants, atlas.entities, atlas.attributes, atlas.attribute_values,
    atlas.attribute_events, atlas.heartbeat
    to role atlas_analyst, role atlas_operator, role atlas_admin;

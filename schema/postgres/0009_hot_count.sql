-- SPDX-License-Identifier: GPL-3.0-or-later
-- How many entities a containment in the hot document finds. hot_match hands its rows over one by one, through a store of its
-- own; whoever only counts them need not pay for that.

create function atlas.hot_count(p_tenant integer, p_attributes integer[], p_doc jsonb) returns bigint
    language plpgsql stable security definer parallel restricted
    set search_path = atlas, pg_temp set plan_cache_mode = force_custom_plan as $$
begin
    perform require_hot(p_tenant, p_attributes);
    return (select count(*) from entity_hot h where h.tenant_id = p_tenant and h.doc @> p_doc);
end $$;
comment on function atlas.hot_count(integer, integer[], jsonb) is 'Number of the entities that hot_match would return. AT001 when an attribute is not hot.';

create function atlas.require_hot(p_tenant integer, p_attributes integer[]) returns void
    language plpgsql stable parallel safe set search_path = atlas, pg_temp as $$
begin
    perform require_tenant(p_tenant);
    if exists (select from unnest(p_attributes) u(id)
                 left join attributes a on a.tenant_id = p_tenant and a.attribute_id = u.id
                where a.state is distinct from 'hot') then
        raise exception using errcode = 'AT001', message = 'an attribute of this filter is no longer in the hot set',
            hint = 'Read the catalogue again and compile the filter anew.';
    end if;
end $$;
comment on function atlas.require_hot(integer, integer[]) is 'Raises 42501 unless the tenant is open to this login, AT001 unless each of the attributes is hot. Only for functions that run as the owner.';

create or replace function atlas.hot_match(p_tenant integer, p_attributes integer[], p_doc jsonb) returns setof bigint
    language plpgsql stable security definer parallel restricted
    set search_path = atlas, pg_temp set plan_cache_mode = force_custom_plan as $$
begin
    perform require_hot(p_tenant, p_attributes);
    return query select h.entity_id from entity_hot h where h.tenant_id = p_tenant and h.doc @> p_doc;
end $$;

revoke execute on function atlas.hot_count(integer, integer[], jsonb), atlas.require_hot(integer, integer[]) from public;
grant execute on function atlas.hot_count(integer, integer[], jsonb) to atlas_analyst, atlas_operator, atlas_admin;

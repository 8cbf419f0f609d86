-- SPDX-License-Identifier: GPL-3.0-or-later
-- A statement that is about one tenant may say so: set_config('atlas.tenant', …, true) in its transaction narrows what row
-- security opens to it. It can never widen that, so it needs no trust: whoever sets it sees the same or less. What it is
-- for: policies compare tenant_id with the array of my_tenants() in every index descent, and (before PostgreSQL 17) each
-- descent tries the elements one by one, so that a login of 200 tenants paid four times as much for a small page.
create or replace function atlas.my_tenants() returns integer[]
    language plpgsql stable parallel safe security definer set search_path = atlas, pg_temp as $$
declare
    one text := current_setting('atlas.tenant', true);
begin
    if one <> '' then
        return coalesce((select array[a.tenant_id] from tenant_access a where a.tenant_id = one::integer and a.login = session_user), '{}');
    end if;
    return coalesce((select array_agg(a.tenant_id) from tenant_access a where a.login = session_user), '{}');
end $$;
comment on function atlas.my_tenants() is 'Tenants of this login, or the one of them that the setting atlas.tenant names. Policies call it once per statement, through a sub-select.';

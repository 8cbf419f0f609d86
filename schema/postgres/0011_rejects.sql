-- SPDX-License-Identifier: GPL-3.0-or-later
-- Dead letters leave in two ways only: sent again, or thrown away by an administrator. Both are written down.

create function atlas.settle_rejects(p_tenant integer, p_rejects bigint[], p_discard boolean) returns bigint
    language plpgsql security definer set search_path = atlas, pg_temp as $$
declare
    settled bigint;
begin
    perform require_tenant(p_tenant);
    if p_discard and not pg_has_role(session_user, 'atlas_admin', 'member') then
        raise insufficient_privilege using message = 'only an administrator throws rejects away';
    end if;
    delete from ingest_rejects where tenant_id = p_tenant and reject_id = any (p_rejects);
    get diagnostics settled = row_count;
    if settled > 0 then
        insert into audit_log (tenant_id, action, detail)
            values (p_tenant, case when p_discard then 'discard rejects' else 'replay rejects' end,
                    jsonb_build_object('rejects', settled, 'first', (select min(r) from unnest(p_rejects) r), 'last', (select max(r) from unnest(p_rejects) r)));
    end if;
    return settled;
end $$;
comment on function atlas.settle_rejects(integer, bigint[], boolean) is 'Removes dead letters that were sent again, or are thrown away (administrators only); returns how many there were. In the audit log.';
revoke execute on function atlas.settle_rejects(integer, bigint[], boolean) from public;
grant execute on function atlas.settle_rejects(integer, bigint[], boolean) to atlas_ingest, atlas_admin;

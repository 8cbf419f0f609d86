-- SPDX-License-Identifier: GPL-3.0-or-later
-- One login a group, for the local cluster only; infra/local/cluster.sh adds the passwords.
do $$
declare
    login record;
begin
    for login in
        select * from (values ('demo_analyst', 'atlas_analyst'),
                              ('demo_operator', 'atlas_operator'),
                              ('demo_admin', 'atlas_admin')) as logins (name, in_group)
    loop
        if not exists (select from pg_catalog.pg_roles where rolname = login.name) then
            execute format('create role %I login in role %I', login.name, login.in_group);
        end if;
    end loop;
end
$$;

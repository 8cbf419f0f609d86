# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034  # the parts of the cluster script share their variables
# Passwords, certificates and the files by which clients find the cluster. No secret is ever an argument of a process.

declare -A PASSWORD=()

read_passwords() {
    local login password missing=''
    PASSWORD=()
    if [[ -f $STATE/passwords ]]; then
        while read -r login password; do
            PASSWORD[$login]=$password
        done <"$STATE/passwords"
    fi
    for login in "${LOGINS[@]}"; do
        if [[ -z ${PASSWORD[$login]:-} ]]; then
            PASSWORD[$login]=$(openssl rand -hex 24)
            missing=yes
        fi
    done
    [[ -n $missing ]] || return 0
    write_as_caller "$STATE/passwords" 0600 "$(for login in "${LOGINS[@]}"; do
        printf '%s %s\n' "$login" "${PASSWORD[$login]}"
    done)"
}

# A certificate authority for this cluster alone and one server certificate for its nodes. Sets
# CERTIFICATES_CHANGED if the servers have to read new ones.
prepare_certificates() {
    local tls=$STATE/tls
    if ! openssl x509 -checkend 2592000 -noout -in "$tls/ca.crt" >/dev/null 2>&1 || [[ ! -f $tls/ca.key ]]; then
        rm -rf -- "$tls"
        mkdir -- "$tls"
        chmod 0755 -- "$tls"
        (umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 3650 \
            -keyout "$tls/ca.key" -out "$tls/ca.crt" -config /dev/stdin 2>/dev/null <<'END'
[req]
prompt = no
distinguished_name = name
x509_extensions = authority
[name]
CN = Atlas Console local cluster
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
END
        ) || die "openssl could not make a certificate authority in $tls."
        chmod 0644 -- "$tls/ca.crt"
    fi
    if ! openssl x509 -checkend 2592000 -noout -in "$tls/server.crt" >/dev/null 2>&1; then
        (
            umask 077
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -subj /CN=localhost \
                -keyout "$tls/server.key" -out "$tls/server.csr" 2>/dev/null
            openssl x509 -req -in "$tls/server.csr" -CA "$tls/ca.crt" -CAkey "$tls/ca.key" -CAcreateserial \
                -sha256 -days 825 -out "$tls/server.crt" -extfile /dev/stdin 2>/dev/null <<'END'
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
END
        ) || die "openssl could not make the servers' certificate in $tls."
        rm -f -- "$tls/server.csr"
    fi
    CHANGED=''
    [[ -d $DATA/tls ]] || as_server mkdir -m 0700 "$DATA/tls"
    write_as_server "$DATA/tls/ca.crt" "$(<"$tls/ca.crt")"
    write_as_server "$DATA/tls/server.key" "$(<"$tls/server.key")"
    write_as_server "$DATA/tls/server.crt" "$(<"$tls/server.crt")"
    CERTIFICATES_CHANGED=$CHANGED
}

passfile_lines() { # LOGIN…
    local node login
    for node in "${NODES[@]}"; do
        for login in "$@"; do
            printf 'localhost:%s:*:%s:%s\n' "${PORT[$node]}" "$login" "${PASSWORD[$login]}"
        done
    done
}

database_of() { [[ $1 == warehouse ]] && printf 'warehouse' || printf 'atlas'; }

# What a client needs: the password file, libpq's service file, the console's environment.
write_client_files() {
    local names=() login
    for login in "${LOGINS[@]}"; do
        case $login in
            atlas_replicator | atlas_cdc) ;; # the servers' own, in the file below
            *) names+=("$login") ;;
        esac
    done
    write_as_caller "$STATE/pgpass" 0600 "$(passfile_lines "${names[@]}")"
    write_as_server "$DATA/pgpass" "$(passfile_lines atlas_replicator atlas_cdc)"
    write_as_caller "$STATE/pg_service.conf" 0644 "$(service_file)"
    write_as_caller "$STATE/environment.json" 0644 "$(environment_file)"
}

service() { # SERVICE NODE LOGIN
    printf '\n[%s]\nhost=localhost\nhostaddr=127.0.0.1\nport=%s\ndbname=%s\nuser=%s\nsslmode=verify-full\n' \
        "$1" "${PORT[$2]}" "$(database_of "$2")" "$3"
    printf 'sslrootcert=%s\npassfile=%s\n' "$STATE/tls/ca.crt" "$STATE/pgpass"
}

service_file() {
    local node role
    printf '# Written by infra/local/cluster.sh at every start.\n'
    for node in "${NODES[@]}"; do
        service "atlas-$node" "$node" demo_analyst
    done
    for node in primary warehouse; do
        for role in owner ingest agent; do
            service "atlas-$node-$role" "$node" "atlas_$role"
        done
        for role in operator admin; do
            service "atlas-$node-$role" "$node" "demo_$role"
        done
    done
}

endpoint_json() { # NODE [with name]
    printf '{'
    [[ -z ${2:-} ]] || printf '"name": "%s", ' "$1"
    printf '"host": "localhost", "hostaddr": "127.0.0.1", "port": "%s", "dbname": "%s", "sslmode": "verify-full", ' \
        "${PORT[$1]}" "$(database_of "$1")"
    printf '"sslrootcert": %s, "passfile": %s}' "$(quote_json "$STATE/tls/ca.crt")" "$(quote_json "$STATE/pgpass")"
}

environment_file() {
    cat <<END
{
  "name": "local",
  "color": "#2a9d8f",
  "primary": $(endpoint_json primary),
  "replicas": [
    $(endpoint_json replica-1 named),
    $(endpoint_json replica-2 named)
  ],
  "warehouse": $(endpoint_json warehouse named),
  "logins": {
    "analyst": "demo_analyst",
    "operator": "demo_operator",
    "admin": "demo_admin",
    "ingest": "atlas_ingest",
    "agent": "atlas_agent",
    "owner": "atlas_owner"
  }
}
END
}

internal import JSON
internal import OCI

/// The keys of Compose that are refused, and why. A key that is in no list is unknown.
enum UnsupportedKeys {
  /// In each line the keys, a colon, and the reason.
  static var ofService: Literal {
    """
    build develop: images are built on the dev box
    ports expose networks links external_links mac_address: there are no networks of containers yet; see network_mode
    dns dns_opt dns_search domainname extra_hosts: /etc/resolv.conf and /etc/hosts cannot be set yet; a file can be bound there
    env_file label_file extends: there are no other files on a device; 'docker compose config' writes everything into one
    deploy: use mem_limit, cpus, pids_limit, restart and x-apus
    scale: a service has one container
    privileged: cap_add and devices give a service what it needs
    secrets configs volumes_from: not supported yet; use volumes
    profiles: everything in a manifest is started
    pull_policy pull_refresh_after: images are imported and not pulled
    pre_start post_start pre_stop: not supported yet; a service that others wait for with service_completed_successfully comes before them
    annotations attach blkio_config cgroup cgroup_parent cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime credential_spec: not supported
    device_cgroup_rules gpus group_add isolation mem_reservation mem_swappiness models oom_kill_disable provider runtime storage_opt: not supported
    use_api_socket userns_mode uts: not supported
    """
  }

  static var ofManifest: Literal {
    """
    version: Compose has no more use for it; leave it out
    networks: there are no networks of containers yet; see network_mode
    secrets configs: not supported yet; use volumes
    include: there are no other files on a device; 'docker compose config' writes everything into one
    models: not supported
    """
  }

  static var ofVolume: Literal { "driver_opts: there is only the driver 'local', which has no options" }

  /// The reason in one of the tables; nil when the key is in none of its lines.
  static func reason(_ key: String, in table: Literal) -> String? {
    for line in parts(of: table.description, at: 0x0A) {
      let (keys, reason) = cut(line, at: ": ")
      for word in parts(of: keys, at: 0x20) where word.equals(key) { return reason }
    }
    return nil
  }
}

extension JSONValue {
  /// Refuses members that are none of these, with the reason of the table for those that are in it.
  @inline(never)
  func permitOnly(_ keys: Literal, refusing table: Literal) {
    for (key, value) in members(besides: keys) {
      if let reason = UnsupportedKeys.reason(key, in: table) { value.refuse(Text(reason)) }
    }
    permitOnly(keys)
  }
}

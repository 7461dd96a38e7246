// Where the configuration is unless a command is told otherwise. Alone here, so that asking loads no reader of it.

export const defaultConfigFile = "/etc/signpost/signpost.yaml";

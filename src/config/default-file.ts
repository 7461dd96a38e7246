// Where the configuration is unless a command names another file. A file of its own, so that no reader of configurations is loaded with it.

export const defaultConfigFile = "/etc/signpost/signpost.yaml";

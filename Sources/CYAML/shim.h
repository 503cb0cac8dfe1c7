#ifndef C_YAML_SHIM_H
#define C_YAML_SHIM_H

/* libyaml's event parser, from Debian's libyaml-dev. Nothing of ours. */
#include <yaml.h>

#endif

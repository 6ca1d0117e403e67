// One translation unit for all bindings: torch's headers take longer to compile than our code.
#include "bias_act_binding.h"
#include "upfirdn2d_binding.h"

// The objects of Truce and their JSON.
#pragma once

#include "model/json.h"
#include "model/types.h"

/* Linear algebra of both real types. */
#include <math.h>

#include "table.h"

#define REAL float
#define F(name) name##_f32
#include "linear.h"
#undef REAL
#undef F
#define REAL double
#define F(name) name##_f64
#include "linear.h"

/* The tiles of float. */
#include "table.h"

#define REAL float
#define WIDTH 4
#define INT int
#define F(name) name##_f32
#define LOAD_512 __builtin_ia32_loadups512_mask
#define STORE_512 __builtin_ia32_storeups512_mask
#define LOAD_256 __builtin_ia32_maskloadps256
#define STORE_256 __builtin_ia32_maskstoreps256
#include "tiles.h"
#include "nests.h"

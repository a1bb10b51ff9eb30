// SPDX-License-Identifier: Apache-2.0
// Our declarations against the library's own header. The compiler is the test.
#include <miopen/miopen.h>

#include "bench/baselines/miopen_api.hpp"
#include "tests/bench/baselines/rocm/declarations/same_call.hpp"

namespace moat::miopen {

#define MOAT_SAME(member, function) static_assert(same_call(decltype(Api::member){}, function))
MOAT_SAME(version, miopenGetVersion);
MOAT_SAME(status_name, miopenGetErrorString);
MOAT_SAME(create, miopenCreateWithStream);
MOAT_SAME(destroy, miopenDestroy);
MOAT_SAME(tensor_create, miopenCreateTensorDescriptor);
MOAT_SAME(tensor_destroy, miopenDestroyTensorDescriptor);
MOAT_SAME(tensor_set, miopenSet4dTensorDescriptor);
MOAT_SAME(softmax, miopenSoftmaxForward_V2);
#undef MOAT_SAME

static_assert(kSuccess == miopenStatusSuccess);
static_assert(kAccurate == MIOPEN_SOFTMAX_ACCURATE);
static_assert(kInstance == MIOPEN_SOFTMAX_MODE_INSTANCE);
static_assert(kTypes.f32 == miopenFloat);
static_assert(kTypes.f16 == miopenHalf);
static_assert(kTypes.bf16 == miopenBFloat16);

}  // namespace moat::miopen

/* For tests alone: a driver of which every call says that there is no GPU. It lets the GPU variant
   be imported where there is none. In an image it would hide the real driver. */
#define STUB(name) int name(void) { return 100; } /* CUDA_ERROR_NO_DEVICE */
STUB(cuInit)
STUB(cuDriverGetVersion)
STUB(cuDeviceGet)
STUB(cuDevicePrimaryCtxRetain)
STUB(cuGetErrorString)
STUB(cuGraphKernelNodeGetParams)
STUB(cuGraphNodeGetType)
STUB(cuLaunchKernel)
STUB(cuModuleGetFunction)
STUB(cuModuleLoadData)
STUB(cuModuleLoadDataEx)
STUB(cuModuleUnload)

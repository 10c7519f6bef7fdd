/* sanitizer.h - whether this is a build of ASan or TSan: they have an allocator of their own, and map terabytes. */
#ifndef SL_TESTS_SUPPORT_SANITIZER_H
#define SL_TESTS_SUPPORT_SANITIZER_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SL_UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SL_UNDER_SANITIZER 1
#endif
#endif
#ifndef SL_UNDER_SANITIZER
#define SL_UNDER_SANITIZER 0
#endif

#endif

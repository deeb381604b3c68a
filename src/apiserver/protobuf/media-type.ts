/** Kubernetes' own envelope of protocol buffers. */
export const PROTOBUF = "application/vnd.kubernetes.protobuf";

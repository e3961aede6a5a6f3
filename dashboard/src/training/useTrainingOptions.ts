import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiContext";

export function useTrainingOptions() {
  const api = useApi();
  return useQuery({
    queryKey: ["training-options"],
    queryFn: ({ signal }) => api.trainingOptions(signal),
    staleTime: 60_000,
  });
}
